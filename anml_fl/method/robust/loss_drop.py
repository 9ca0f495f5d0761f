"""Loss drop: weight by what an update alone gains on a root set."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def loss_drop(
    losses: NDArray[np.float64], now: float, factors: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Share by max(0, L(theta) - L(theta + x_i)).

    The score of Zeno (Xie, Koyejo, Gupta, ICML 2019) without its penalty on length, and as a
    weight instead of a rank, as the trust scores of BANT (arXiv:2505.07614).

    Parameters
    ----------
    losses : (n,) float64
        L(theta + x_i); inf for a model that says nothing.
    now : float
        L(theta).
    factors : (n,) float64
        Sample weights, > 0.

    Returns
    -------
    (n,) float64
        Summing to 1; all 0 where nobody gains.

    Examples
    --------
    >>> loss_drop(np.array([1.0, 0.5, 3.0, np.inf]), 2.0, np.ones(4))
    array([0.4, 0.6, 0. , 0. ])
    """
    weights = np.maximum(0.0, now - losses) * factors
    total = weights.sum()
    return weights / total if total > 0 else np.zeros_like(weights)
