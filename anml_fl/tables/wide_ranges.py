"""Ranges that hold more than was seen: another site's values are not the same."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.tables.schema import LARGEST, LEAST_SPREAD

if TYPE_CHECKING:
    from numpy.typing import NDArray

_EPOCH = dt.date(1970, 1, 1)


def wide_range(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return a range that is twice as wide as what was seen, rounded outward to two digits.

    A test table, or a site that joins later, has values a little beyond those seen so far: a
    range is there to find other units and slips of the point, not them. What is never
    negative, or never positive, stays so. No bound but 0 is a value that was seen. Neither is
    larger than `LARGEST`: what lies beyond is in another unit.

    Parameters
    ----------
    values : (n,) float64
        nan where there is none.

    Examples
    --------
    >>> wide_range(np.array([28.0, 77.0])), wide_range(np.array([0.0, 6.2]))
    ((3.4, 110.0), (0.0, 9.4))
    >>> wide_range(np.array([-3.0, 3.0]))
    (-6.1, 6.1)
    """
    values = np.clip(values, -LARGEST, LARGEST)
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    half = (high - low) / 2 or max(abs(low), 1.0) / 2
    # Not -0.0, which a file would show.
    below, above = 0.0 - _rounded_up(half - low), _rounded_up(high + half)
    if low >= 0 > below:
        below = 0.0
    if high <= 0 < above and low < high:
        above = 0.0
    return below, above


def _rounded_up(value: float) -> float:
    if abs(value) < LEAST_SPREAD:
        return LEAST_SPREAD if value > 0 else 0.0
    value = max(-LARGEST, min(value, LARGEST))
    place = math.floor(math.log10(abs(value))) - 1
    steps = math.floor(value / 10.0**place) + 1
    # By decimal digits, not by a product: 3 * 0.1 is 0.30000000000000004.
    return max(-LARGEST, min(float(f"{steps}e{place}"), LARGEST))


def wide_dates(days: NDArray[np.float64]) -> tuple[dt.date, dt.date]:
    """Return whole years around dates, twice as many as were seen.

    Parameters
    ----------
    days : (n,) float64
        Since 1970-01-01; nan where there is none.

    Examples
    --------
    >>> wide_dates(np.array([0.0, 800.0]))
    (datetime.date(1969, 1, 1), datetime.date(1973, 12, 31))
    """
    first = (_EPOCH + dt.timedelta(days=math.floor(np.nanmin(days)))).year
    last = (_EPOCH + dt.timedelta(days=math.floor(np.nanmax(days)))).year
    more = max(1, math.ceil((last - first) / 2))
    return dt.date(max(first - more, 1), 1, 1), dt.date(min(last + more, 9999), 12, 31)
