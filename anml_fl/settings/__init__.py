"""Every setting of a run, in sections, and reading them from whatever way in."""
