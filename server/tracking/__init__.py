"""Runs told to trackers: what of them, to which, and by whom; no app imports it."""
