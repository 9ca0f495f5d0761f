"""FedGreed: average the best on a root set, as long as their mean gets better."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

# Means that are asked at once: the few after the last that counts are asked in vain.
_AT_ONCE = 8


def fedgreed(
    losses: NDArray[np.float64],
    factors: NDArray[np.float64],
    loss_of: Callable[[NDArray[np.float64]], NDArray[np.float64]],
) -> NDArray[np.float64]:
    """Take updates by ascending L(theta + x_i) until the loss of their mean does not fall.

    Kritharakis, Makris, Jakovetic, Tserpes, arXiv:2508.18060, Algorithm 1: at the first one
    that does not help, it stops. The best alone is always taken.

    Parameters
    ----------
    losses : (n,) float64
        L(theta + x_i); inf for a model that says nothing, which is never taken.
    factors : (n,) float64
        Sample weights, > 0.
    loss_of : callable
        From shares (k, n), each row summing to 1, to the losses (k,) of the models that these
        means of the updates lead to.

    Returns
    -------
    (n,) float64
        Summing to 1; all 0 where every loss is inf.

    Examples
    --------
    >>> updates = np.array([1.0, 4.0, 9.0])
    >>> def loss_of(shares):
    ...     return (shares @ updates - 2.4) ** 2
    >>> fedgreed(loss_of(np.eye(3)), np.ones(3), loss_of)
    array([0.5, 0.5, 0. ])
    """
    n = losses.size
    order = np.argsort(losses, kind="stable")
    order = order[np.isfinite(losses[order])]
    if not order.size:
        return np.zeros(n)
    shares = np.zeros((order.size, n))
    for count in range(1, order.size + 1):
        chosen = order[:count]
        shares[count - 1, chosen] = factors[chosen] / factors[chosen].sum()
    last, taken = float(losses[order[0]]), 0
    for start in range(1, order.size, _AT_ONCE):
        for loss in loss_of(shares[start : start + _AT_ONCE]):
            if not loss < last:
                return shares[taken]
            last, taken = float(loss), taken + 1
    return shares[taken]
