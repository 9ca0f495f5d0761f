"""Means, ratios and effect sizes over trials, each with its 95 % interval."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_NARROWEST = 1e-12  # a spread below this share of the values is rounding, not spread


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval.

    Parameters
    ----------
    value : float
        nan where it is undefined.
    low, high : float
        nan where one trial or an undefined figure leaves no interval.
    trials : int
        That it rests on.
    """

    value: float
    low: float
    high: float
    trials: int

    def times(self, factor: float) -> Estimate:
        """Scale by a positive factor, such as 100 for per cent."""
        return Estimate(
            factor * self.value, factor * self.low, factor * self.high, self.trials
        )

    def holds(self, value: float) -> bool:
        """Whether a value lies in the interval, up to rounding; False without one."""
        return self.low - 1e-9 <= value <= self.high + 1e-9


def mean(values: NDArray[np.float64]) -> Estimate:
    """Estimate a mean, with Student's t interval.

    Parameters
    ----------
    values : ndarray, shape (n,)
        One a trial.

    Examples
    --------
    >>> found = mean(np.array([1.0, 2.0, 3.0]))
    >>> found.value, round(found.high, 3)
    (2.0, 4.484)
    """
    n = len(values)
    if n == 0:
        return _undefined(0)
    centre = float(np.mean(values))
    return _around(centre, spread(values) / math.sqrt(n), n)


def improvement(
    errors: NDArray[np.float64], reference: NDArray[np.float64], unit: float = 100.0
) -> Estimate:
    """Estimate 100 (1 - mean error / mean reference error), by the delta method.

    The variance of a ratio R of paired means is about that of (error - R reference) /
    mean reference.

    Parameters
    ----------
    errors, reference : ndarray, shape (n,)
        Paired by trial.
    unit : float
        100 for per cent.

    Returns
    -------
    Estimate
        In per cent; undefined where the reference makes no error.

    Examples
    --------
    >>> improvement(np.array([0.1, 0.2]), np.array([0.2, 0.4])).value
    50.0
    """
    found = ratio(errors, reference)
    return Estimate(
        unit * (1 - found.value), unit * (1 - found.high), unit * (1 - found.low), found.trials
    )


def ratio(above: NDArray[np.float64], below: NDArray[np.float64]) -> Estimate:
    """Estimate a ratio of paired means, by the delta method.

    Parameters
    ----------
    above, below : ndarray, shape (n,)
        Paired by trial.

    Returns
    -------
    Estimate
        Undefined where the mean below is 0.

    Examples
    --------
    >>> ratio(np.array([1.0, 3.0]), np.array([2.0, 2.0])).value
    1.0
    """
    n = len(above)
    base = float(np.mean(below)) if n else 0.0
    if base == 0:
        return _undefined(n)
    quotient = float(np.mean(above)) / base
    error = spread((above - quotient * below) / base) / math.sqrt(n)
    return _around(quotient, error, n)


def effect_size(differences: NDArray[np.float64]) -> Estimate:
    """Estimate Cohen's d of paired differences: their mean over their standard deviation.

    The interval takes the large-sample variance 1 / n + d^2 / (2 n).

    Parameters
    ----------
    differences : ndarray, shape (n,)

    Returns
    -------
    Estimate
        Undefined where the differences do not vary.

    Examples
    --------
    >>> effect_size(np.array([1.0, 2.0, 3.0])).value
    2.0
    """
    n = len(differences)
    deviation = spread(differences) if n > 1 else 0.0
    if deviation == 0:
        return _undefined(n)
    d = float(np.mean(differences)) / deviation
    return _around(d, math.sqrt(1 / n + d * d / (2 * n)), n)


def average(estimates: Sequence[Estimate]) -> Estimate:
    """Average independent estimates, such as those of several data sets.

    Parameters
    ----------
    estimates : sequence of Estimate
        At least one.

    Returns
    -------
    Estimate
        Standard errors add in squares. Student's t has the fewest trials' degrees of
        freedom, which makes the interval rather too wide than too narrow.

    Examples
    --------
    >>> one = mean(np.array([1.0, 2.0, 3.0]))
    >>> average([one, one]).value
    2.0
    """
    count = len(estimates)
    n = min(estimate.trials for estimate in estimates)
    if n < 2:
        return Estimate(sum(e.value for e in estimates) / count, math.nan, math.nan, n)
    squares = (
        ((e.high - e.low) / 2 / float(stats.t.ppf(0.975, e.trials - 1))) ** 2
        for e in estimates
    )
    return _around(sum(e.value for e in estimates) / count, math.sqrt(sum(squares)) / count, n)


def spread(values: NDArray[np.float64]) -> float:
    """Sample standard deviation; exactly 0 where values differ by rounding only.

    Parameters
    ----------
    values : ndarray, shape (n,)

    Returns
    -------
    float
        nan for fewer than two values.

    Examples
    --------
    >>> spread(np.array([0.1, 0.1, 0.1]))
    0.0
    """
    if len(values) < 2:
        return math.nan
    if float(np.ptp(values)) <= _NARROWEST * max(1.0, float(np.abs(values).max())):
        return 0.0
    return float(np.std(values, ddof=1))


def _around(value: float, error: float, n: int) -> Estimate:
    if n < 2:
        return Estimate(value, math.nan, math.nan, n)
    half = float(stats.t.ppf(0.975, n - 1)) * error
    return Estimate(value, value - half, value + half, n)


def _undefined(n: int) -> Estimate:
    return Estimate(math.nan, math.nan, math.nan, n)
