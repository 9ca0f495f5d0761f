"""`calibrated` for samples: evidence out of fold, and the learned worth of v and r."""
