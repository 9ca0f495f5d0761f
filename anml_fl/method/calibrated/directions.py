"""Directions: rows of length one, and the cosines between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def lengths(vectors: NDArray[Any]) -> NDArray[np.float64]:
    """Lengths of rows (n, d), (n,) float64, without a copy of them in float64."""
    squares: NDArray[np.float64] = np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64)
    return np.sqrt(squares)


def units(vectors: NDArray[Any]) -> NDArray[np.float64]:
    """Rows (n, k) of length 1; zeros stay.

    Examples
    --------
    >>> units(np.array([[3.0, 4.0], [0.0, 0.0]]))
    array([[0.6, 0.8],
           [0. , 0. ]])
    """
    size = np.sqrt((np.asarray(vectors, np.float64) ** 2).sum(axis=1, keepdims=True))
    found: NDArray[np.float64] = np.divide(
        vectors, size, out=np.zeros(vectors.shape), where=size > 0
    )
    return found


def geometric_median(
    points: NDArray[np.float64], weights: NDArray[np.float64], steps: int = 8
) -> NDArray[np.float64]:
    """Point of the least weighted sum of distances, by Weiszfeld's steps from the mean.

    Parameters
    ----------
    points : (n, k) float64
    weights : (n,) float64
        >= 0, some > 0.
    steps : int

    Examples
    --------
    >>> points = np.array([[0.0, 0.0], [0.1, 0.0], [0.0, 0.1], [9.0, 9.0]])
    >>> bool(np.linalg.norm(geometric_median(points, np.ones(4), 50)) < 0.2)
    True
    """
    found: NDArray[np.float64] = weights @ points / weights.sum()
    for _ in range(steps):
        distances = np.sqrt(((points - found) ** 2).sum(axis=1))
        pull = weights / np.maximum(distances, 1e-6)
        found = pull @ points / pull.sum()
    return found
