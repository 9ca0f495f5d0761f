"""How far one contributor can move the model in a round, whatever it sends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.calibrated.claimed_counts import largest_shares, median_with_most

if TYPE_CHECKING:
    from numpy.typing import NDArray

CAP = 2.0
"""Updates are cut off at so many times the median length."""

MOST = 2.0
"""K: nobody has more than so many times its share under FedAvg."""


def norm_cap(norms: NDArray[np.float64]) -> float:
    """Length at which updates are cut off: twice the median of all valid updates' lengths.

    With fewer than half of the contributors attacking it is at most twice the longest honest
    update, whatever the others send.
    """
    return CAP * float(np.median(norms))


def damping(weights: NDArray[np.float64]) -> float:
    """Factor lambda = min(1, K sum_i w_i) of the step, in [0, 1].

    The step is lambda sum_i w_i V_i / sum_i w_i, with w_i <= b_i and |V_i| <= cap: the part
    of each is at most K b_i cap. It is 1 while those who are kept have half of FedAvg's
    weights between them.

    Parameters
    ----------
    weights : (n,) float64
        w_i, before they are divided by their sum.

    Examples
    --------
    >>> damping(np.array([0.2, 0.3])), damping(np.array([0.125, 0.0]))
    (1.0, 0.25)
    """
    return min(1.0, MOST * float(weights.sum()))


def influence_bounds(
    norms: NDArray[np.float64], examples: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Bound each contributor's own part of the step, whatever it sends: (n,), >= 0.

    bound_i = cap_i min(1, K beta_i): the norm cap times the largest weight. cap_i is the cap
    if i sent the longest update of all, and beta_i its share under FedAvg if it claimed the
    most examples; infinite for n = 1 and 2, where nothing else says how long updates are.

    Parameters
    ----------
    norms : (n,) float64
        Of the valid updates.
    examples : (n,) float64
        Claimed counts, in any unit.

    Examples
    --------
    >>> influence_bounds(np.array([1.0, 1.0, 1.0, 9.0]), np.ones(4))
    array([10., 10., 10.,  2.])
    """
    caps = CAP * median_with_most(norms)
    bounds: NDArray[np.float64] = caps * np.minimum(1.0, MOST * largest_shares(examples))
    return bounds
