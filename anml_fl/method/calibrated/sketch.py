"""A short stand-in for long vectors that keeps the angles between them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

SIZE = 1024
"""Numbers of a sketch: inner products of unit vectors err by about 1 / sqrt(SIZE)."""

SIGNS = 1664
"""Of the signs, the same in all rounds; and in all runs, but where a server has its own."""

# Signs are drawn so many at a time: those of a large model would be a model of their own.
_BLOCK = SIZE * 256


def sketch(vectors: NDArray[Any], signs: int = SIGNS) -> NDArray[np.float64]:
    """Fold vectors (n, d) into (n, min(d, SIZE)) by random signs, so that <a, b> stays.

    Element j, with a random sign, is added at place j mod SIZE: a count sketch (Charikar,
    Chen, Farach-Colton, ICALP 2002), whose inner products are unbiased. Up to SIZE elements
    are kept as they are.

    Parameters
    ----------
    vectors : (n, d) array
    signs : int
        What they are drawn from, >= 0. Whoever knows it can send what folds to nothing.

    Examples
    --------
    >>> a, b = np.random.default_rng(0).normal(size=(2, 50_000))
    >>> folded = sketch(np.stack([a, a + b]))
    >>> float(np.corrcoef(*folded)[0, 1]).__round__(1)  # 1 / sqrt(2)
    0.7
    """
    n, d = vectors.shape
    if d <= SIZE:
        return vectors.astype(np.float64)
    found = np.zeros((n, SIZE))
    rng = np.random.default_rng(np.random.SeedSequence(signs))
    for start in range(0, d, _BLOCK):
        piece = vectors[:, start : start + _BLOCK]
        width = piece.shape[1]
        drawn = rng.integers(0, 2, -(-width // SIZE) * SIZE, dtype=np.int8) * 2 - 1
        for at in range(0, width, SIZE):
            part = piece[:, at : at + SIZE]
            found[:, : part.shape[1]] += part * drawn[at : at + part.shape[1]]
    return found
