"""The trackers that are shipped, a file for each: an open table."""
