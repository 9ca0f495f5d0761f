"""What each contributor was worth to the model, after a run."""
