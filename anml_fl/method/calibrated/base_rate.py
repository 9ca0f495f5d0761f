"""The base rate: how many contributors are bad before anything is known of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.calibrated.log_odds import logit, sigmoid

if TYPE_CHECKING:
    from numpy.typing import NDArray

_STEPS = 30


def base_rate(llr: NDArray[np.float64], bad: float = 2.0, good: float = 8.0) -> float:
    """Log-odds that a contributor is honest, by EM under a Beta(bad, good) prior.

    The share of bad ones pi is the fixed point of pi = (sum_i (1 - sigmoid(l_i + logit(1 -
    pi))) + bad) / (n + bad + good). Few suspects among many are not believed; many are.

    Parameters
    ----------
    llr : (n,) float64
        Log-likelihood ratios, honest over bad.
    bad, good : float
        Of the prior, as if so many of either had been seen.

    Returns
    -------
    float
        logit(1 - pi).

    Examples
    --------
    >>> round(base_rate(np.zeros(0)), 3)  # the prior's own: log(8 / 2)
    1.386
    >>> base_rate(np.full(10, -6.0)) < base_rate(np.full(10, 6.0))
    True
    """
    pi = bad / (bad + good)
    for _ in range(_STEPS):
        pi = (float((1.0 - sigmoid(llr + logit(1.0 - pi))).sum()) + bad) / (
            llr.size + bad + good
        )
    return logit(1.0 - pi)
