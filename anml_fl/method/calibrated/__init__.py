"""`calibrated`: evidence by kind, summed as log-odds, and the learned worth of credentials."""
