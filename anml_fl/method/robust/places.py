"""Rows as seen from one in their midst: distances from weighted means of them, in n x n."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Values a block: 2 MB of float64, which stay in a processor's cache.
_BLOCK = 2**18
# How far from the midst, in its own middle distance, the row may be that all are seen from:
# it costs one of float64's digits.
_NEAR = 10.0
# Each try is nearer by eight digits: from anywhere in float64.
_TRIES = 80
# What is less of the squares that it is made of has been rounded away.
_LOST = 8 * np.finfo(np.float64).eps


@dataclass(frozen=True, slots=True)
class Places:
    """Rows as seen from one that lies in their midst.

    Parameters
    ----------
    centre : int
        Which one: c.
    units : (n,) float64
        a_i > 0, so that products of (x_i - x_c) / a_i are within float64.
    products : (n, n) float64
        Those of each pair.
    """

    centre: int
    units: NDArray[np.float64]
    products: NDArray[np.float64]

    def distances(self, shares: NDArray[np.float64]) -> NDArray[np.float64]:
        """Measure how far the rows are from their mean by shares: |x_i - sum_j s_j x_j|.

        Parameters
        ----------
        shares : (n,) float64
            s_j >= 0, summing to 1.

        Returns
        -------
        (n,) float64
            Good to 1e-7 of how far from the midst a row is and those with a share are, and 0
            below that: shares that fall with distance hold it near the rows' own.

        Examples
        --------
        >>> places = seen_from_midst(np.array([[0.0], [1.0], [8.0]]), np.full(3, 1 / 3))
        >>> places.distances(np.array([0.5, 0.25, 0.25]))
        array([2.25, 1.25, 5.75])
        """
        parts = shares * self.units
        most = float(parts.max())
        # Each row in the larger of its own unit and the mean's: nothing overflows.
        unit = np.maximum(self.units, most)
        own, means = self.units / unit, most / unit
        ahead = parts / most
        towards = self.products @ ahead
        squares = own**2 * self.products.diagonal() + means**2 * (ahead @ towards)
        left = squares - 2 * own * means * towards
        left[left < _LOST * squares] = 0.0
        found: NDArray[np.float64] = unit * np.sqrt(left)
        return found

    def length(self, changes: NDArray[np.float64]) -> float:
        """Measure how far a mean moves by changes (n,) of its shares: |sum_j c_j x_j|.

        Examples
        --------
        >>> places = seen_from_midst(np.array([[0.0], [1.0], [8.0]]), np.full(3, 1 / 3))
        >>> places.length(np.array([-0.5, 0.5, 0.0]))
        0.5
        """
        parts = changes * self.units
        most = float(np.abs(parts).max()) or 1.0
        parts /= most
        return most * float(np.sqrt(max(0.0, float(parts @ self.products @ parts))))


def middle(distances: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[Any]:
    """Find the least distance (...) within which half of the weight lies.

    Parameters
    ----------
    distances : (..., n) float64
    weights : (n,) float64
        Summing to 1.

    Examples
    --------
    >>> float(middle(np.array([3.0, 1.0, 2.0]), np.array([0.2, 0.2, 0.6])))
    2.0
    """
    order = np.argsort(distances, axis=-1, kind="stable")
    within = (np.cumsum(weights[order], axis=-1) >= 0.5).argmax(axis=-1, keepdims=True)
    place = np.take_along_axis(order, within, axis=-1)
    found: NDArray[Any] = np.take_along_axis(distances, place, axis=-1)[..., 0]
    return found


def seen_from_midst(vectors: NDArray[Any], weights: NDArray[np.float64]) -> Places:
    """See rows from one that has half of the weight near it, which no less can carry away.

    Parameters
    ----------
    vectors : (n, d) array
        Float32 or float64, finite. Memory beyond them: O(n^2 + n * block).
    weights : (n,) float64
        >= 0, summing to 1.

    Examples
    --------
    >>> rows = np.array([[1e30], [1e8], [1e8 + 1], [1e8 + 3]])
    >>> seen_from_midst(rows, np.full(4, 0.25)).distances(np.array([0, 0, 0.5, 0.5])).round(9)
    array([1.e+30, 2.e+00, 1.e+00, 1.e+00])
    """
    places = _seen_from(vectors, 0)
    for _ in range(_TRIES):
        radii = middle(_between(places), weights)
        best = int(radii.argmin())
        if radii[places.centre] <= _NEAR * radii[best]:
            break
        places = _seen_from(vectors, best)
    return places


def _between(places: Places) -> NDArray[np.float64]:
    """Distances of every pair, (n, n)."""
    units, products = places.units, places.products
    unit = np.maximum(units[:, None], units)
    own, theirs = units[:, None] / unit, units / unit
    lengths = products.diagonal()
    squares = own**2 * lengths[:, None] + theirs**2 * lengths
    left = squares - 2 * own * theirs * products
    left[left < _LOST * squares] = 0.0
    found: NDArray[np.float64] = unit * np.sqrt(left)
    return found


def _seen_from(vectors: NDArray[Any], centre: int) -> Places:
    n, d = vectors.shape
    width = max(1, _BLOCK // n)
    blocks = [vectors[:, start : start + width] for start in range(0, d, width)]
    units = np.ones(n)
    if vectors.dtype.itemsize > 4:  # products of the largest float32 are within float64
        units = np.full(n, np.finfo(np.float64).tiny)
        for block in blocks:
            np.maximum(units, np.abs(_shifted(block, centre)).max(axis=1), out=units)
    products = np.zeros((n, n))
    for block in blocks:
        wide = _shifted(block, centre)
        if vectors.dtype.itemsize > 4:
            wide /= units[:, None]
        products += wide @ wide.T
    return Places(centre, units, products)


def _shifted(block: NDArray[Any], centre: int) -> NDArray[np.float64]:
    wide = block.astype(np.float64)
    wide -= wide[centre].copy()
    return wide
