"""Figures for papers: a file for each kind, drawn from a run's tables."""
