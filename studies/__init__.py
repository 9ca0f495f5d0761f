"""Studies: what the method does, measured."""
