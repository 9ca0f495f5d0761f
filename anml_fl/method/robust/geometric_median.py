"""The geometric median: the point with the least sum of distances from the updates.

Pillutla, Kakade, Harchaoui: Robust aggregation for federated learning (RFA), IEEE Transactions
on Signal Processing 70, 2022.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.method.robust.norm_clipping import clipped_to
from anml_fl.method.robust.places import middle, seen_from_midst

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
    and again, by the updates' inner products: a step costs n^2. It begins at an update in
    their midst, moved by the others' differences, each clipped to the middle one: less than
    half of the weight cannot carry that far away.

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
    given = np.ones(len(vectors)) if weights is None else weights
    w = given / given.sum()
    places = seen_from_midst(vectors, w)
    shares = np.zeros(w.size)
    shares[places.centre] = 1.0
    distances = places.distances(shares)
    clipped = w * clipped_to(distances, float(middle(distances, w)))
    shares *= max(0.0, 1.0 - float(clipped.sum()))
    shares += clipped
    for _ in range(steps):
        distances = places.distances(shares)
        radius = float(middle(distances, w))
        if radius == 0:  # half of the weight lies in one point
            shares = np.where(distances == 0, w, 0.0)
            break
        before = shares
        nu = max(_SMOOTHING * radius, np.finfo(np.float64).tiny)
        shares = w * (radius / np.maximum(distances, nu))
        shares /= shares.sum()
        # By the middle distance: in the sum of all, one who is far away hides everything.
        if places.length(shares - before) <= tolerance * radius:
            break
    found: NDArray[np.float64] = shares / shares.sum()
    return found
