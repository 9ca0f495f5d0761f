"""Probabilities and their log-odds, in nats."""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def sigmoid(x: NDArray[np.float64] | float) -> Any:
    """Probability of log-odds, 1 / (1 + e^-x), without overflow.

    Examples
    --------
    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """
    return 0.5 * (1.0 + np.tanh(0.5 * np.asarray(x)))


def logit(p: float) -> float:
    """Log-odds log(p / (1 - p)) of a probability in (0, 1).

    Examples
    --------
    >>> logit(0.5), round(logit(0.9), 3)
    (0.0, 2.197)
    """
    return log(p / (1.0 - p))
