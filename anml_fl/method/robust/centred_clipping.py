"""Centred clipping (CC): from where the last round went, no update pulls further than tau.

Karimireddy, He, Jaggi: Learning from history for Byzantine robust optimization, ICML 2021.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.method.robust.blocks import lengths, weighted_sum
from anml_fl.method.robust.norm_clipping import clipped_to

if TYPE_CHECKING:
    from numpy.typing import NDArray


def centred_clipping(
    vectors: NDArray[Any],
    centre: NDArray[Any],
    weights: NDArray[np.float64],
    *,
    radius: float | None = None,
    steps: int = 1,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Move the centre: v <- v + sum_i w_i (x_i - v) min(1, tau / |x_i - v|).

    Parameters
    ----------
    vectors : (n, d) array
        x_i, finite, n >= 1.
    centre : (d,) array
        v: zeros in the first round, what the last one gave afterwards.
    weights : (n,) float64
        w_i >= 0, summing to 1.
    radius : float, optional
        tau > 0, in the updates' unit. Default: in each step the median of |x_i - v|.
    steps : int
        How often, >= 1.

    Returns
    -------
    tuple
        The new centre (d,) float64; and the factors (n,) float64 >= 0 with which the updates
        are in it, summing to at most 1: the rest is the old centre's.

    References
    ----------
    Karimireddy et al. 2021, algorithm 2. That tau follows the round is ours: updates of
    several local steps have no unit that could be known before.

    Examples
    --------
    >>> vectors, equal = np.array([[1.0], [2.0], [100.0]]), np.ones(3) / 3
    >>> centre, factors = centred_clipping(vectors, np.zeros(1), equal, radius=3.0)
    >>> centre, factors.round(3)
    (array([2.]), array([0.333, 0.333, 0.01 ]))
    """
    v = centre.astype(np.float64)
    factors = np.zeros(len(vectors))
    for _ in range(steps):
        distances = lengths(vectors, v)
        tau = float(np.median(distances)) if radius is None else radius
        pulls = weights * clipped_to(distances, tau)
        kept = max(0.0, 1.0 - float(pulls.sum()))
        v = kept * v + weighted_sum(pulls, vectors)
        factors = kept * factors + pulls
    return v, factors
