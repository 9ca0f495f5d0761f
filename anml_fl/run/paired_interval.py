"""Whether one model is better than another: the mean of paired differences, its interval."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import ConfigDict, FiniteFloat
from scipy.stats import t

if TYPE_CHECKING:
    from collections.abc import Sequence

CONFIDENCE = 0.95
FEWEST = 3
"""Repeats of which something is said: two on few rows agree by chance, and their interval has
no width then."""
# More digits differ from one build of scipy to the next.
_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean difference with its 95 % interval.

    Parameters
    ----------
    mean : float
        Above 0: the first of the two is better.
    low, high : float
    pairs : int
        How many differences it was made of.
    """

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid", strict=True)

    mean: FiniteFloat
    low: FiniteFloat
    high: FiniteFloat
    pairs: int

    @property
    def sign(self) -> int:
        """1 or -1 if the interval lies on one side of 0, and 0 if it does not."""
        return int(self.low > 0) - int(self.high < 0)


def paired_interval(
    differences: Sequence[float | None], test_ratio: float = 0.0
) -> Interval | None:
    """Estimate a mean of paired differences: Student's t, corrected for rows split anew.

    The repeats share most of their training rows, so that their differences are not
    independent. Variance: s^2 (1/n + test rows / training rows), Nadeau and Bengio, Machine
    Learning 52, 2003. Without the correction enough repeats would show a difference anywhere.

    Parameters
    ----------
    differences : sequence of float
        One a repeat; None where there is none.
    test_ratio : float
        Test rows a training row; 0 where every repeat has the same rows.

    Returns
    -------
    Interval or None
        None for fewer than two differences.

    Examples
    --------
    >>> found = paired_interval([1.0, 2.0, 3.0])
    >>> found.mean, round(found.low, 3), round(found.high, 3)
    (2.0, -0.484, 4.484)
    """
    values = np.array([one for one in differences if one is not None and math.isfinite(one)])
    n = values.size
    if n < 2:
        return None
    error = float(values.std(ddof=1)) * math.sqrt(1 / n + test_ratio)
    half = float(t.ppf((1 + CONFIDENCE) / 2, n - 1)) * error
    mean = float(values.mean())
    mean, low, high = (round(one, _DIGITS) for one in (mean, mean - half, mean + half))
    return Interval(mean, low, high, int(n))
