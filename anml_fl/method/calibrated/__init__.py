"""`calibrated`: kinds of evidence, summed as log-odds, beside what credentials proved worth."""
