"""Flower strategies: ANML and the baselines, behind one screening."""
