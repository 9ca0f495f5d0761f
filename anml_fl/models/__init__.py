"""Models: what is trained, and its arrays by name."""
