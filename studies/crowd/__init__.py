"""Real annotators: their answers, what tells the good ones, and what their labels teach."""
