"""The instants of rounds: they go forward, whatever is done to the wall clock.

A registry answers by what it knew at an instant. Before its last facts it knows nobody, and
everybody would be a newcomer with fresh data.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from anml_fl.registry.clock import MICROSECONDS_A_YEAR, now

if TYPE_CHECKING:
    from datetime import datetime

TOLERANCE = timedelta(seconds=5)
"""How far clocks may be apart before a note says so: `anml doctor` bears as much."""
_SHORTEST = 1 / MICROSECONDS_A_YEAR
_UNITS = (("days", 86_400.0), ("hours", 3_600.0), ("minutes", 60.0), ("seconds", 1.0))


class Reading(NamedTuple):
    """The instant of a round.

    Parameters
    ----------
    at : float
        In years on the registry's clock.
    note : str, optional
        What is wrong with the clock that it was read from.
    """

    at: float
    note: str | None = None


At = float | Reading | Callable[[int], float | Reading]
"""One instant for all rounds, or a function that gives a round's."""


def uptime() -> float:
    """Count seconds that nobody can set, a machine's sleep among them."""
    # Linux's monotonic clock stands still while the machine sleeps; others' do not.
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class SteadyClock:
    """The wall clock as it was when first read, and what has passed since.

    Parameters
    ----------
    wall : callable
        The wall clock, which may be set.
    elapsed : callable
        Seconds that only count.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    >>> wall, passed = [noon, noon - timedelta(hours=3)], [0.0, 60.0]
    >>> clock = SteadyClock(lambda: wall.pop(0), lambda: passed.pop(0))
    >>> clock().isoformat()
    '2026-01-01T12:01:00+00:00'
    """

    def __init__(
        self,
        wall: Callable[[], datetime] = now,
        elapsed: Callable[[], float] = uptime,
    ) -> None:
        self._elapsed = elapsed
        self._began, self._start = wall(), elapsed()

    def __call__(self) -> datetime:
        """Read it."""
        return self._began + timedelta(seconds=self._elapsed() - self._start)


def later(at: Reading | float, last: float | None) -> Reading:
    """Put an instant after the last one, if it lies before it.

    Parameters
    ----------
    at : Reading or float
        In years.
    last : float, optional
        The last one.

    Returns
    -------
    Reading
        By a microsecond after it; at the same instant as it, if that is what was read.

    Examples
    --------
    >>> later(56.0, 55.9), later(56.0, None)
    (Reading(at=56.0, note=None), Reading(at=56.0, note=None))
    >>> later(56.0, 56.5).note
    "the clock is 182.6 days behind the last round's instant: it was set back, or was ahead"
    """
    read = at if isinstance(at, Reading) else Reading(at)
    if last is None or read.at >= last:
        return read
    behind = (last - read.at) * MICROSECONDS_A_YEAR / 1e6
    note = (
        f"the clock is {_span(behind)} behind the last round's instant: it was set back, or"
        " was ahead"
    )
    remarked = note if behind > TOLERANCE.total_seconds() else None
    return Reading(last + _SHORTEST, "; ".join(filter(None, (read.note, remarked))) or None)


def after(last: int, at: int) -> int:
    """Put an instant after the last fact, in microseconds: what is recorded by then is all."""
    return max(last + 1, at)


def remark(instant: datetime, wall: datetime) -> str | None:
    """Say how far the wall clock is from the instant that counts instead.

    Returns
    -------
    str, optional
        None if they are no further apart than `TOLERANCE`.

    Examples
    --------
    >>> from anml_fl.registry.clock import date
    >>> remark(date(0), date(-3_600_000_000))
    'the clock is 60.0 minutes behind the instant that counts, 1970-01-01T00:00:00Z: it was set
    back, or another clock was ahead'
    >>> remark(date(0), date(4_000_000)) is None
    True
    """
    apart = wall - instant
    if abs(apart) <= TOLERANCE:
        return None
    where, why = "ahead of", "it was set forward"
    if apart < timedelta():
        where, why = "behind", "it was set back, or another clock was ahead"
    return (
        f"the clock is {_span(abs(apart).total_seconds())} {where} the instant that counts,"
        f" {instant:%Y-%m-%dT%H:%M:%SZ}: {why}"
    )


def _span(seconds: float) -> str:
    """Write a span in the largest unit of which there is more than one."""
    name, size = next((one for one in _UNITS if seconds > one[1]), _UNITS[-1])
    return f"{seconds / size:.1f} {name}"
