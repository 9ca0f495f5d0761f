"""How far one contributor can move the model in a round, whatever it sends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.calibrated.claimed_counts import (
    LARGEST,
    largest_shares,
    median_with_most,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

CAP = 2.0
"""Updates are cut off at so many times the median length."""

MOST = 2.0
"""K: so many times what everybody kept would have is the most that somebody has."""


def norm_cap(norms: NDArray[np.float64]) -> float:
    """Length at which updates are cut off: twice the median of all valid updates' lengths.

    With fewer than half of the contributors attacking it is at most twice the longest honest
    update, whatever the others send.
    """
    return CAP * float(np.median(norms))


def damping(sure: NDArray[np.float64], kept: NDArray[np.float64]) -> float:
    """Factor lambda = min(1, K sum_i sure_i rho_i) of the step, in [0, 1].

    The step is lambda sum_i w_i V_i / sum_i w_i, with |V_i| <= cap and w_i = rho_i times the
    earned share of i, which is at least that of its count cut at the median, and at most two
    medians: so the part of i is at most K 2 med / sum_j min(n_j, med) times the cap. lambda is
    1 while those who are kept are half of all, whatever anybody claims.

    Parameters
    ----------
    sure : (n,) float64
        As of `claimed_counts.sure_shares`.
    kept : (n,) float64
        rho_i in [0, 1]: posterior over copies, 0 of whoever is not kept.

    Examples
    --------
    >>> damping(np.array([0.5, 0.5]), np.ones(2)), damping(np.array([0.5, 0.5]), np.zeros(2))
    (1.0, 0.0)
    """
    return min(1.0, MOST * float(sure @ kept))


def influence_bounds(
    norms: NDArray[np.float64], examples: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Bound each contributor's own part of the step, whatever it sends: (n,), >= 0.

    bound_i = cap_i min(1, 2 med / (med + S / K)): the norm cap times the largest weight,
    which i has where the others kept bring lambda just to 1. cap_i is the cap if i sent the
    longest update of all, med and S = sum_j min(n_j, med) are as if it claimed the most
    examples. Infinite for n = 1 and 2, where nothing else says how long updates are.

    Parameters
    ----------
    norms : (n,) float64
        Of the valid updates.
    examples : (n,) float64
        Claimed counts, in any unit.

    Examples
    --------
    >>> influence_bounds(np.array([1.0, 1.0, 1.0, 9.0]), np.ones(4))
    array([6.66..., 6.66..., 6.66..., 1.33...])
    """
    caps = CAP * median_with_most(norms)
    times = MOST * largest_shares(examples)
    # 2 med over med + S / K, by 2 med.
    most = 1.0 / ((LARGEST - 1.0) / LARGEST + 1.0 / times)
    bounds: NDArray[np.float64] = caps * np.minimum(1.0, most)
    return bounds
