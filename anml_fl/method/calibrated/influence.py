"""How far one contributor can move the model in a round, whatever it sends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

CAP = 2.0
"""Updates are cut off at so many times the median length."""

MOST = 3.0
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
    of each is at most K b_i cap. It is 1 while those who are kept have a third of FedAvg's
    weights between them.

    Parameters
    ----------
    weights : (n,) float64
        w_i, before they are divided by their sum.

    Examples
    --------
    >>> damping(np.array([0.2, 0.3])), damping(np.array([0.1, 0.0]))
    (1.0, 0.3...)
    """
    return min(1.0, MOST * float(weights.sum()))


def influence_bounds(
    norms: NDArray[np.float64], base: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Bound each contributor's own part of the step, whatever it sends: (n,), >= 0.

    bound_i = cap_i min(1, K b_i): the norm cap times the largest share that it can have. cap_i
    is the cap if i sent the longest update of all; infinite for n = 1 and 2, where nothing
    else says how long updates are.

    Parameters
    ----------
    norms : (n,) float64
        Of the valid updates.
    base : (n,) float64
        FedAvg's shares b_i, summing to 1.

    Examples
    --------
    >>> influence_bounds(np.array([1.0, 1.0, 1.0, 9.0]), np.full(4, 0.25))
    array([7.5, 7.5, 7.5, 1.5])
    """
    n = norms.size
    order, place = np.sort(norms), np.argsort(np.argsort(norms, kind="stable"))
    ends = np.append(order, np.inf)
    # Without i, and with one that is longer than all: who comes after i moves down by one.
    low, high = (n - 1) // 2, n // 2
    at = [np.where(place <= middle, ends[middle + 1], ends[middle]) for middle in (low, high)]
    bounds: NDArray[np.float64] = CAP * (at[0] + at[1]) / 2 * np.minimum(1.0, MOST * base)
    return bounds
