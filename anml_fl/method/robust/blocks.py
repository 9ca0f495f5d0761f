"""Lengths and sums of updates in float64, a block at a time: no second copy of all of them."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

# Values a block: 256 KB of float64, of which a core's own cache holds several.
_BLOCK = 2**15
# Values from which on a row is a block of its own.
_LONG = 2**17


def lengths(vectors: NDArray[Any], centre: NDArray[Any] | None = None) -> NDArray[np.float64]:
    """Measure the Euclidean length of every row, or its distance from a centre.

    Parameters
    ----------
    vectors : (n, d) array
        Finite.
    centre : (d,) array, optional
        The origin if it is not given.

    Returns
    -------
    (n,) float64
        >= 0; inf only where the length itself is beyond float64.

    Examples
    --------
    >>> lengths(np.array([[3.0, 4.0], [1e200, 0.0]]))
    array([5.e+000, 1.e+200])
    >>> lengths(np.array([[3.0, 4.0]]), np.array([3.0, 0.0]))
    array([4.])
    """
    n, d = vectors.shape
    found = np.empty(n)
    # Even parts: NumPy adds a single row up in another order than several.
    parts = n if d > _LONG else max(1, min(n // 2, -(-n * d // _BLOCK)))
    edges = [part * n // parts for part in range(parts + 1)] if n else [0]
    for start, stop in pairwise(edges):
        block = vectors[start:stop].astype(np.float64)
        if centre is not None:
            block -= centre
        # To unit size first: squares of huge values overflow, those of tiny ones vanish.
        size = np.abs(block).max(axis=1, initial=0.0)
        block /= np.where(size > 0, size, 1.0)[:, None]
        found[start:stop] = size * np.sqrt(np.einsum("ij,ij->i", block, block))
    return found


def mixed(mixing: NDArray[np.float64], vectors: NDArray[Any]) -> NDArray[Any]:
    """Mix the rows: Y = A X, in the vectors' own type.

    Parameters
    ----------
    mixing : (m, n) or (n,) float64
        A >= 0, rows summing to at most 1; or its diagonal, where A only scales.
    vectors : (n, d) array
        X, finite.

    Returns
    -------
    (m, d) array
        Finite: what rounding would carry beyond the type's range stays at its end.

    Examples
    --------
    >>> mixed(np.array([[0.5, 0.5]]), np.array([[1.0, 2.0], [3.0, 6.0]]))
    array([[2., 4.]])
    >>> mixed(np.array([1.0, 0.5]), np.array([[1.0, 2.0], [3.0, 6.0]]))
    array([[1. , 2. ],
           [1.5, 3. ]])
    """
    n, d = vectors.shape
    found = np.empty((len(mixing), d), vectors.dtype)
    limits = np.finfo(vectors.dtype)
    for part in _columns(n, d):
        block = vectors[:, part].astype(np.float64)
        if mixing.ndim == 1:
            block *= mixing[:, None]
        else:
            block = mixing @ block
        found[:, part] = np.clip(block, limits.min, limits.max)
    return found


def weighted_sum(weights: NDArray[np.float64], vectors: NDArray[Any]) -> NDArray[np.float64]:
    """Add the rows up by weight, in float64: sum_i b_i x_i.

    Parameters
    ----------
    weights : (n,) float64
    vectors : (n, d) array

    Returns
    -------
    (d,) float64

    Examples
    --------
    >>> weighted_sum(np.array([0.5, 2.0]), np.array([[1.0, 2.0], [3.0, 6.0]]))
    array([ 6.5, 13. ])
    """
    n, d = vectors.shape
    found = np.empty(d)
    for part in _columns(n, d):
        found[part] = weights @ vectors[:, part].astype(np.float64)
    return found


def _columns(n: int, d: int) -> Iterator[slice]:
    columns = max(1, _BLOCK // max(n, 1))
    for start in range(0, d, columns):
        yield slice(start, start + columns)
