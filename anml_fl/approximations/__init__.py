"""Approximations of consistency q, where exact Krum scores cost too much."""
