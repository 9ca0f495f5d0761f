"""What one cell says: a number, a date, one of some values, or that nothing is there."""

from __future__ import annotations

import datetime as dt
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from anml_fl.datasets.schema import key, number

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "date_of", "is_missing", "key", "may_be_thousands", "no_and_yes", "number_of",
    "numbers_of", "ordered", "texts_of",
]  # fmt: skip

_EPOCH = dt.datetime(1970, 1, 1)
_POINT = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
_COMMA = r"[+-]?[0-9]+,[0-9]+"
# 1,234 is 1234 to some and 1.234 to others; nobody groups 0,234 or 1234,5.
_EITHER = r"[+-]?[1-9][0-9]{0,2},[0-9]{3}"
_DATE = re.compile(
    r"(\d{4})([-/])(\d\d)\2(\d\d)([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?",
    re.ASCII,
)
_DAY_FIRST = re.compile(r"(\d\d?)\.(\d\d?)\.(\d{4})", re.ASCII)
_NO_YES = (
    ("no", "yes"), ("n", "y"), ("false", "true"), ("f", "t"), ("off", "on"),
    ("0", "1"), ("1", "2"), ("-1", "1"), ("negative", "positive"), ("absent", "present"),
    ("control", "case"), ("nein", "ja"), ("non", "oui"),
)  # fmt: skip


def number_of(text: str) -> float | None:
    """Read a number as people write it, with a point or a comma before its decimals.

    A comma that may as well part thousands is refused: 1,234 is two numbers to two readers.

    Examples
    --------
    >>> number_of("63.0"), number_of("-2,5"), number_of("1,234"), number_of("12 kg")
    (63.0, -2.5, None, None)
    """
    if "," in text:
        found = re.fullmatch(_COMMA, text) and not re.fullmatch(_EITHER, text)
        return float(text.replace(",", ".")) if found else None
    return number(text)


def may_be_thousands(text: str) -> bool:
    """Whether a cell is a number to everybody, and not the same to everybody.

    Examples
    --------
    >>> may_be_thousands("1,234"), may_be_thousands("1,23")
    (True, False)
    """
    return re.fullmatch(_EITHER, text) is not None


def numbers_of(cells: Any) -> Any:
    """Read a column's numbers, texts as `number_of` does.

    Parameters
    ----------
    cells : pyarrow.Array or ChunkedArray
        Of texts or numbers.

    Returns
    -------
    pyarrow.Array or ChunkedArray
        Of float64; null where no number is, or no finite one.

    Examples
    --------
    >>> numbers_of(pa.array(["63.5", "63,5", "?", None])).to_pylist()
    [63.5, 63.5, None, None]
    """
    kind = cells.type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        values = pc.cast(cells, pa.float64(), safe=False)
    else:
        comma = pc.and_(_fits(cells, _COMMA), pc.invert(_fits(cells, _EITHER)))
        if pc.any(comma).as_py():
            cells = pc.if_else(comma, pc.replace_substring(cells, ",", "."), cells)
        cells = pc.if_else(_fits(cells, _POINT), cells, pa.scalar(None, kind))
        # Arrow's own parser knows no plus before a number.
        values = pc.cast(pc.utf8_ltrim(cells, "+"), pa.float64())
    return pc.if_else(pc.is_finite(values), values, pa.scalar(None, pa.float64()))


def texts_of(cells: Any) -> Any:
    """Write a column's cells as texts: true and false, whole numbers without decimals, dates.

    Parameters
    ----------
    cells : pyarrow.Array or ChunkedArray
        Of any type that has a text.

    Examples
    --------
    >>> texts_of(pa.array([0.0, 2.5, None])).to_pylist()
    ['0', '2.5', None]
    >>> texts_of(pa.array([True])).to_pylist()
    ['true']
    """
    if pa.types.is_dictionary(cells.type):
        cells = cells.cast(cells.type.value_type)
    if pa.types.is_floating(cells.type):
        # Up to 2^53 each whole number is one; beyond, its digits would claim too much.
        values = pc.cast(cells, pa.float64())
        cells = pc.if_else(pc.is_nan(values), pa.scalar(None, pa.float64()), values)
        small = pc.less(pc.abs(cells), 2.0**53)
        if pc.all(pc.and_(small, pc.equal(pc.trunc(cells), cells)), min_count=0).as_py():
            cells = pc.cast(cells, pa.int64())
    return pc.cast(cells, pa.string())


def date_of(text: str) -> float | None:
    """Read a date as days since 1970-01-01: ISO 8601, with or without a time, or 31.12.2024.

    A date with slashes behind the day is refused: 02/03/2024 is two days to two readers.

    Examples
    --------
    >>> date_of("1970-01-03"), date_of("1970-01-01T12:00:00Z"), date_of("03.01.1970")
    (2.0, 0.5, 2.0)
    >>> date_of("02/03/2024"), date_of("2023-02-30")
    (None, None)
    """
    try:
        if found := _DAY_FIRST.fullmatch(text):
            day, month, year = map(int, found.groups())
            return (dt.datetime(year, month, day) - _EPOCH) / dt.timedelta(days=1)
        if not (found := _DATE.fullmatch(text)):
            return None
        moment = dt.datetime.fromisoformat(text.replace("/", "-"))
        if moment.tzinfo is not None:
            moment = moment.astimezone(dt.UTC).replace(tzinfo=None)
        return (moment - _EPOCH) / dt.timedelta(days=1)
    except (ValueError, OverflowError):  # no such day, or none that a calendar has
        return None


def is_missing(text: str, missing: tuple[str, ...]) -> bool:
    """Whether a cell says that its value is missing; numbers are compared as numbers.

    Examples
    --------
    >>> is_missing("-9.0", ("", "-9")), is_missing("none", ("", "-9"))
    (True, False)
    """
    return key(text) in _keys(missing)


@lru_cache(maxsize=16)
def _keys(missing: tuple[str, ...]) -> frozenset[float | str]:
    return frozenset(map(key, missing))


def no_and_yes(values: Iterable[str]) -> tuple[str, str] | None:
    """Put two values that answer a question into order, no first; None if they do not.

    Examples
    --------
    >>> no_and_yes(["Yes", "No"]), no_and_yes(["1", "0"]), no_and_yes(["m", "f"])
    (('No', 'Yes'), ('0', '1'), None)
    """
    read = {value.casefold(): value for value in values}
    for no, yes in _NO_YES:
        if read.keys() == {no, yes}:
            return read[no], read[yes]
    return None


def ordered(values: Iterable[str]) -> tuple[str, ...]:
    """Put values into their natural order: numbers by size, no before yes, texts by letters.

    Examples
    --------
    >>> ordered(["10", "9", "2.5"]), ordered(["Positive", "Negative"]), ordered(["t", "f"])
    (('2.5', '9', '10'), ('Negative', 'Positive'), ('f', 't'))
    """
    listed = list(values)
    if pair := no_and_yes(listed):
        return pair
    if all(number(value) is not None for value in listed):
        return tuple(sorted(listed, key=lambda v: (float(v), v)))
    return tuple(sorted(listed))


def _fits(cells: Any, pattern: str) -> Any:
    return pc.match_substring_regex(cells, f"^(?:{pattern})$")
