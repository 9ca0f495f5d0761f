"""What one contributor sent to a run, how it counted, why, and what it earned: signed."""
