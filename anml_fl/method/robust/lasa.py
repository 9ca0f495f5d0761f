"""LASA: sparse updates, of which each layer takes those that are near its median."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.method.robust.blocks import lengths
from anml_fl.method.robust.norm_clipping import norm_clipping

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

SPARSITY = 0.3
"""Share of an update's values that are zeroed, those nearest to zero."""

# Standard deviations from the median: lambda_m of lengths, lambda_d of signs.
_LENGTH, _SIGN = 2.0, 1.0


def lasa(
    updates: NDArray[Any], shapes: Sequence[tuple[int, ...]], factors: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Average each layer over the sparse updates that its length and its signs speak for.

    Updates are cut to their median length, and the smallest values of those arrays that have
    two dimensions or more are zeroed. Then a layer takes contributor i where |z_i - median| <=
    lambda std, of z = norm(x_i) with lambda_m = 2 and of z = 1/2 (1 + sum sign(x_i) /
    sum |sign(x_i)|) with lambda_d = 1; all, where none is left. Xu, Zhang, Hu, WACV 2025
    (arXiv:2409.01435), Algorithm 1.

    Parameters
    ----------
    updates : (n, d) array
    shapes : sequence of tuple of int
        Of the layers' arrays, which lie in an update one after the other: d values in all.
    factors : (n,) float64
        Sample weights, > 0.

    Returns
    -------
    tuple
        The mean (d,) float64; and shares (n,) float64, each contributor's share in a layer
        averaged over the layers' values: they sum to 1.

    Examples
    --------
    >>> updates = np.array([[2.0, 1.0], [2.0, 1.0], [2.0, 1.0], [2.0, 1.0], [-9.0, -9.0]])
    >>> update, shares = lasa(updates, [(2,)], np.ones(5))
    >>> update, shares
    (array([2., 1.]), array([0.25, 0.25, 0.25, 0.25, 0.  ]))
    """
    n, d = updates.shape
    sparse = _sparse(_cut(updates), shapes)
    found, shares, start = np.zeros(d), np.zeros(n), 0
    for shape in shapes:
        stop = start + prod(shape)
        layer = sparse[:, start:stop]
        kept = _near(lengths(layer), _LENGTH) & _near(_signs(layer), _SIGN)
        own = factors * (kept if kept.any() else True)
        own /= own.sum()
        found[start:stop] = own @ layer
        shares += own * ((stop - start) / d)
        start = stop
    return found, shares


def _cut(updates: NDArray[Any]) -> NDArray[np.float64]:
    """Cut updates to their median length."""
    return updates * norm_clipping(lengths(updates))[:, None]


def _sparse(
    updates: NDArray[np.float64], shapes: Sequence[tuple[int, ...]]
) -> NDArray[np.float64]:
    """Zero the values nearest to zero, of all arrays of two dimensions or more together."""
    pruned = np.concatenate([np.full(prod(one), len(one) > 1) for one in shapes])
    sizes = np.abs(updates[:, pruned])
    fewest = int(SPARSITY * sizes.shape[1])
    if fewest:
        bounds = np.partition(sizes, fewest - 1, axis=1)[:, fewest - 1]
        updates[:, pruned] = np.where(sizes <= bounds[:, None], 0.0, updates[:, pruned])
    return updates


def _signs(layer: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the share of positive values among those that are not zero; 1/2 where all are."""
    signs = np.sign(layer)
    some = np.abs(signs).sum(axis=1)
    purity: NDArray[np.float64] = np.divide(
        signs.sum(axis=1), some, out=np.zeros(len(layer)), where=some > 0
    )
    return 0.5 * (1.0 + purity)


def _near(values: NDArray[np.float64], most: float) -> NDArray[np.bool_]:
    """Say who is within so many standard deviations of the median."""
    away = np.abs(values - np.median(values))
    # What all have in common up to rounding tells nobody apart.
    room = 1e-9 * np.abs(values).max()
    found: NDArray[np.bool_] = away <= most * values.std() + room
    return found
