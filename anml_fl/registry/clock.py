"""The registry's clock: instants as dates, as years, and as whole microseconds.

The method counts ages in years; a person writes a date; a database compares integers.
A year here is a Julian one of 365.25 days, counted from 1970-01-01T00:00Z.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from anml_fl.method.checks import number

Instant = datetime | float
"""A date with a time zone, or years since 1970."""

MICROSECONDS_A_YEAR = 31_557_600_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# Where a day begins first, on Kiritimati, it does so that long before it begins in UTC.
_EASTERNMOST = timedelta(hours=14)
# What a datetime can hold: the years 1 to 9999.
_EARLIEST, _LATEST = -1969.0, 8029.0


def microseconds(at: Instant) -> int:
    """Turn an instant into whole microseconds since 1970.

    Parameters
    ----------
    at : datetime or float
        With a time zone; or years since 1970.

    Raises
    ------
    ValueError
        If a date has no time zone, or years are out of range or not finite.

    Examples
    --------
    >>> microseconds(datetime(1970, 1, 2, tzinfo=UTC))
    86400000000
    >>> microseconds(1.0)
    31557600000000
    """
    if isinstance(at, datetime):
        if at.utcoffset() is None:
            raise ValueError(f"an instant needs a time zone, got {at.isoformat()}: add Z")
        return (at - _EPOCH) // _MICROSECOND
    return round(number("at", at, _EARLIEST, _LATEST) * MICROSECONDS_A_YEAR)


def years(at: Instant) -> float:
    """Turn an instant into years since 1970; `microseconds` undoes it to the last digit.

    Raises
    ------
    ValueError
        As in `microseconds`.

    Examples
    --------
    >>> years(datetime(1971, 1, 1, 6, tzinfo=UTC))
    1.0
    """
    return microseconds(at) / MICROSECONDS_A_YEAR


def date(stamp: int) -> datetime:
    """Turn microseconds since 1970 into a date in UTC.

    Examples
    --------
    >>> date(86_400_000_000).isoformat()
    '1970-01-02T00:00:00+00:00'
    """
    return _EPOCH + stamp * _MICROSECOND


def now() -> datetime:
    """Read the wall clock, in UTC."""
    return datetime.now(UTC)


def parse(text: str) -> datetime:
    """Read an instant as a person writes it: ISO 8601, or years as a round's record has them.

    Returns
    -------
    datetime
        In UTC; a day alone is its first instant in UTC, a number counts years of 365.25
        days since 1970.

    Raises
    ------
    ValueError
        If it is no such date.

    Examples
    --------
    >>> parse("2026-03-01T12:00+02:00").isoformat()
    '2026-03-01T10:00:00+00:00'
    >>> parse("56.5").isoformat()
    '2026-07-02T15:00:00+00:00'
    >>> parse("2026-03-01T12:00")
    Traceback (most recent call last):
    ValueError: '2026-03-01T12:00' has no time zone: write 2026-03-01T12:00Z
    """
    if re.fullmatch(r"-?\d{1,4}\.\d+", text):
        return date(microseconds(float(text)))
    try:
        found = datetime.fromisoformat(text)
        if found.utcoffset() is not None:
            found = found.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(
            f"{text!r} is no date: write 2026-03-01 or 2026-03-01T12:00Z (ISO 8601), or years"
            " since 1970 as a record's `at` has them, 56.25"
        ) from error
    if found.utcoffset() is None:
        if not _is_day(text):
            raise ValueError(f"{text!r} has no time zone: write {text}Z")
        found = found.replace(tzinfo=UTC)
    return found


def begun(text: str, present: datetime) -> datetime:
    """Read since when something is so: as `parse`, but a day may have begun further east.

    Parameters
    ----------
    present : datetime
        The instant at which it was written.

    Returns
    -------
    datetime
        In UTC; the present, to the second, for a day alone that has begun somewhere on earth
        and not in UTC.

    Raises
    ------
    ValueError
        As `parse`.

    Examples
    --------
    >>> evening = parse("2026-03-01T20:00Z")
    >>> [begun(f"2026-03-0{day}", evening).isoformat() for day in (1, 2, 3)]
    ['2026-03-01T00:00:00+00:00', '2026-03-01T20:00:00+00:00', '2026-03-03T00:00:00+00:00']
    """
    found = parse(text)
    today = _is_day(text) and found - _EASTERNMOST <= present
    # As attestations have it: one that is signed in this second is not too early.
    return min(found, present.replace(microsecond=0)) if today else found


def _is_day(text: str) -> bool:
    """Distinguish a day alone, 2026-03-01 or 20260301, among what `parse` can read."""
    return "." not in text and len(text) <= len("2026-03-01")
