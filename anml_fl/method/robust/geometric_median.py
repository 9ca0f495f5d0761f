"""The geometric median: the point with the least sum of distances from the updates.

Pillutla, Kakade, Harchaoui: Robust aggregation for federated learning (RFA), IEEE Transactions
on Signal Processing 70, 2022.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.method.robust.blocks import lengths, weighted_sum
from anml_fl.method.robust.norm_clipping import norm_clipping

if TYPE_CHECKING:
    from numpy.typing import NDArray

# nu, as a part of the middle distance: the median must not depend on the updates' unit.
_SMOOTHING = 1e-6


def geometric_median(
    vectors: NDArray[Any],
    weights: NDArray[np.float64] | None = None,
    *,
    steps: int = 100,
    tolerance: float = 1e-6,
) -> NDArray[np.float64]:
    """Weigh the updates so that their mean is the geometric median: b_i.

    Smoothed Weiszfeld: b_i = w_i / max(nu, |x_i - z|), z = sum_i b_i x_i / sum_i b_i, again
    and again. It begins at the mean of the updates clipped to their median length, which less
    than half of them cannot carry far away.

    Parameters
    ----------
    vectors : (n, d) array
        x_i, finite, n >= 1.
    weights : (n,) float64, optional
        w_i >= 0, some of them > 0. Default: all the same.
    steps : int
        At most so many.
    tolerance : float
        Enough when z moves by no more than this part of the middle distance.

    Returns
    -------
    (n,) float64
        b_i >= 0, summing to 1: each update's share in the median.

    References
    ----------
    RFA, algorithm 2; nu is 1e-6 of the middle distance here.

    Examples
    --------
    >>> vectors = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0], [2.0, 2.0], [1.0, 1e9]])
    >>> shares = geometric_median(vectors)
    >>> (shares @ vectors).round(2)
    array([1.  , 1.62])
    """
    n = len(vectors)
    given = np.ones(n) if weights is None else weights
    w = given / given.sum()
    shares = w * norm_clipping(lengths(vectors))
    centre = weighted_sum(shares, vectors)
    for _ in range(steps):
        distances = lengths(vectors, centre)
        middle = _middle(distances, w)
        if middle == 0:  # half of the weight lies in one point
            shares = np.where(distances == 0, w, 0.0)
            break
        nu = max(_SMOOTHING * middle, np.finfo(np.float64).tiny)
        shares = w * (middle / np.maximum(distances, nu))
        shares /= shares.sum()
        before, centre = centre, weighted_sum(shares, vectors)
        # By the middle distance: in the sum of all, one who is far away hides everything.
        if np.linalg.norm(centre - before) <= tolerance * middle:
            break
    found: NDArray[np.float64] = shares / shares.sum()
    return found


def _middle(distances: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """Find the least distance within which half of the weight lies."""
    order = np.argsort(distances, kind="stable")
    within = np.searchsorted(np.cumsum(weights[order]), 0.5)
    return float(distances[order[min(int(within), len(order) - 1)]])
