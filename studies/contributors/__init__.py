"""Contributors with good or bad samples: what can be seen by sample, and by contributor."""
