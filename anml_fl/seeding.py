"""Randomness from one seed: an independent stream for every named purpose."""

from __future__ import annotations

import hashlib

import numpy as np


def stream(seed: int, *purpose: str | int) -> np.random.Generator:
    """Open the random stream of one purpose, the same whatever was drawn before.

    Parameters
    ----------
    seed : int
        The run's seed, >= 0.
    *purpose : str or int
        What the numbers are for: by stable identity and round, never by arrival.

    Raises
    ------
    ValueError
        If the seed is negative.

    Examples
    --------
    >>> a, b = stream(7, "split"), stream(7, "training", "contributor-00", 3)
    >>> bool(a.random() == stream(7, "split").random()), bool(a.random() == b.random())
    (True, False)
    """
    if seed < 0:
        raise ValueError(f"seed must be >= 0, got {seed}")
    # Length-prefixed, so that ("ab", "c") and ("a", "bc") differ.
    text = "".join(f"{len(str(part))}:{part}" for part in purpose)
    words = np.frombuffer(hashlib.sha256(text.encode()).digest(), dtype="<u4")
    sequence = np.random.SeedSequence(seed, spawn_key=tuple(int(word) for word in words))
    return np.random.default_rng(sequence)
