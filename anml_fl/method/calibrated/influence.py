"""How far one contributor can move the model in a round, whatever it sends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

CAP = 2.0
"""Norms are cut off at so many times the median norm."""


def norm_cap(norms: NDArray[np.float64]) -> float:
    """Length at which updates are cut off: twice the median of all valid updates' lengths.

    With fewer than half of the contributors attacking it is at most twice the longest honest
    update, whatever the others send.
    """
    return CAP * float(np.median(norms))


def influence_bounds(
    norms: NDArray[np.float64], base: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Bound each contributor's own part of the step, had it been trusted and sent anything.

    bound_i = cap_i b_i / (b_i + sum_{j != i} w_j): the norm cap times the largest share. The
    weights w_j of the others are taken as they are; cap_i is the cap where i sends the longest
    update of all.

    Parameters
    ----------
    norms : (n,) float64
        Of the valid updates.
    base : (n,) float64
        FedAvg's shares b_i: the largest weight that each can have.
    weights : (n,) float64
        w_i <= b_i, before they are divided by their sum.

    Returns
    -------
    (n,) float64
        Lengths of steps, >= 0.

    Examples
    --------
    >>> bounds = influence_bounds(np.ones(4), np.full(4, 0.25), np.full(4, 0.25))
    >>> bounds  # twice the median, a quarter of it each
    array([0.5, 0.5, 0.5, 0.5])
    """
    n = norms.size
    order = np.sort(norms)
    # With i moved to the end, the middle of the others and it.
    place = np.argsort(np.argsort(norms, kind="stable"), kind="stable")
    low, high = (n - 1) // 2, n // 2
    caps = np.empty(n)
    for i in range(n):
        left = np.delete(order, place[i])
        ends = [left[at] if at < n - 1 else np.inf for at in (low, high)]
        caps[i] = CAP * (ends[0] + ends[1]) / 2 if n > 1 else np.inf
    rest = weights.sum() - weights
    shares = np.divide(base, base + rest, out=np.zeros(n), where=base + rest > 0)
    bounds: NDArray[np.float64] = caps * shares
    return bounds
