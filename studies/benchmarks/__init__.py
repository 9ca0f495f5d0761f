"""Benchmarks: what the method costs, beside the hardware's limit and other code."""
