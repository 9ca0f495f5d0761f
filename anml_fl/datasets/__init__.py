"""Data sets: load, split, standardise, deal out to contributors."""
