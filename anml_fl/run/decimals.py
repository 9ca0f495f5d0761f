"""How many decimals figures have that stand together, and an interval with so many."""

from __future__ import annotations

import math
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from anml_fl.run.paired_interval import Interval


def decimals(scores: Iterable[float], intervals: Iterable[Interval]) -> int:
    """Say how many decimals all of them have, so that they can be compared.

    Parameters
    ----------
    scores : iterable of float
    intervals : iterable of Interval
        Those without width do not count.

    Returns
    -------
    int
        Three digits of the largest score, or two of the middle half of an interval where that
        takes more, up to two; in [0, 6].

    Examples
    --------
    >>> decimals([21345.6], []), decimals([0.871, 0.0123], [])
    (0, 3)
    """
    halves = [(one.high - one.low) / 2 for one in intervals if one.high > one.low]
    plain = _digits_after(max(map(abs, scores), default=0.0), 3)
    wanted = _digits_after(median(halves), 2) if halves else plain
    return min(max(plain, wanted), plain + 2, 6)


def with_half(
    interval: Interval, places: int, *, scale: float = 1, signed: bool = False
) -> str:
    """Write a mean with half of its interval; with both ends of one that was cut.

    Parameters
    ----------
    interval : Interval
    places : int
        Decimals, >= 0.
    scale : float
        100 for a percentage.
    signed : bool
        Whether a + stands before what is above 0.

    Examples
    --------
    >>> from anml_fl.run.paired_interval import Interval
    >>> gain = Interval(0.021, -0.01, 0.052, 5)
    >>> with_half(gain, 1, scale=100, signed=True), with_half(gain, 3)
    ('+2.1 ± 3.1', '0.021 ± 0.031')
    >>> with_half(Interval(0.021, 0.0, 0.052, 5), 1, scale=100)
    '2.1 [0.0, 5.2]'
    """
    if not math.isclose(
        interval.high - interval.mean, interval.mean - interval.low, abs_tol=1e-9
    ):
        ends = f"{scale * interval.low:,.{places}f}, {scale * interval.high:,.{places}f}"
        return f"{scale * interval.mean:{'+' if signed else ''},.{places}f} [{ends}]".replace(
            "-", "\N{MINUS SIGN}"
        )
    half = scale * (interval.high - interval.low) / 2
    sign = "+" if signed else ""
    text = f"{scale * interval.mean:{sign},.{places}f} ± {half:,.{places}f}"
    return text.replace("-", "\N{MINUS SIGN}")


def _digits_after(value: float, digits: int) -> int:
    return max(digits - 1 - math.floor(math.log10(value)), 0) if value else digits
