"""An update taken apart: its direction, and its length."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def direction(vector: NDArray[Any]) -> tuple[NDArray[np.float64], float]:
    """Take a finite vector (d,) apart: x = norm(x) u, of values up to the largest float64.

    Returns
    -------
    tuple
        u (d,) float64, of length 1, or zeros where x is zero; and norm(x).

    Examples
    --------
    >>> direction(np.array([3e200, 0.0]))
    (array([1., 0.]), 3e+200)
    """
    wide = vector.astype(np.float64)
    most = float(np.abs(wide).max(initial=0.0))
    if not most:
        return wide, 0.0
    wide /= most  # squares would overflow, or vanish
    size = float(np.sqrt(wide @ wide))
    return wide / size, most * size


def directions(vectors: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Take rows (n, d) apart: their directions (n, d) float64, and their lengths (n,)."""
    units, lengths = np.zeros(vectors.shape), np.zeros(len(vectors))
    for place, row in enumerate(vectors):
        units[place], lengths[place] = direction(row)
    return units, lengths
