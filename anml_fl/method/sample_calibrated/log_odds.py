"""Log-odds and their probabilities, in nats."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

# Shares of 0 and 1 are shares of few: their log-odds stay finite.
_EXTREME = 1e-6


def probability(log_odds: ArrayLike) -> NDArray[np.float64]:
    """Turn log-odds into probabilities, sigmoid(l) = 1 / (1 + exp(-l)).

    Examples
    --------
    >>> probability([0.0, np.log(3.0)])
    array([0.5 , 0.75])
    """
    # By tanh, which overflows nowhere.
    half = np.asarray(log_odds, dtype=np.float64) / 2
    result: NDArray[np.float64] = 0.5 * (1.0 + np.tanh(half))
    return result


def log_odds(probabilities: ArrayLike) -> NDArray[np.float64]:
    """Turn probabilities into log-odds, log(p / (1 - p)), finite at 0 and 1.

    Examples
    --------
    >>> log_odds([0.5, 0.75, 1.0]).round(2)
    array([ 0.  ,  1.1 , 13.82])
    """
    p = np.clip(probabilities, _EXTREME, 1.0 - _EXTREME)
    result: NDArray[np.float64] = np.log(p) - np.log1p(-p)
    return result
