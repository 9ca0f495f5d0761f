"""Read statistics that a node sent: what no rows can have is refused."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, NoReturn

from anml_fl.tables.ranges import bounds
from anml_fl.tables.schema import ClassLabel

if TYPE_CHECKING:
    from anml_fl.tables.schema import TableSchema

_LONGEST = 2**24
_MOST_ROWS = 2**53
# Sums of a million numbers agree to more digits than these.
_ROUNDING = 1e-9


def read_told(text: str, schema: TableSchema) -> dict[str, Any]:
    """Read the fields of `Statistics`; a message quotes no text of the sender.

    Raises
    ------
    ValueError
        Saying which field, and what it must be.

    Examples
    --------
    >>> from anml_fl.tables.schema import NumberColumn, TableSchema
    >>> schema = TableSchema(
    ...     label=ClassLabel(name="sick", classes=(("0",), ("1",))),
    ...     columns=(NumberColumn(name="age", low=0, high=130),),
    ... )
    >>> read_told(
    ...     '{"rows": 6, "counts": [7], "sums": [300.0], "squares": [15000.0],'
    ...     ' "choices": [], "classes": [5, 0]}', schema)
    Traceback (most recent call last):
    ValueError: statistics: counts of age must be a whole number from 0 to 6, got 7
    """
    fields = _object(text)
    scaled = schema.scaled
    rows = _count(fields["rows"], "rows", _MOST_ROWS)
    counts = [
        _count(one, f"counts of {column.name}", rows)
        for column, one in _each(fields, "counts", scaled)
    ]
    sums = [_number(one, f"sums of {c.name}") for c, one in _each(fields, "sums", scaled)]
    squares = [
        _number(one, f"squares of {c.name}") for c, one in _each(fields, "squares", scaled)
    ]
    for column, count, total, square in zip(scaled, counts, sums, squares, strict=True):
        _possible(column.name, count, total, square, *bounds(column))
    choices = []
    for column, one in _each(fields, "choices", schema.chosen):
        what = f"choices of {column.name}"
        choices.append(_parts(one, what, len(column.values) + 2, rows))
    classes = schema.classes if isinstance(schema.label, ClassLabel) else 0
    return {
        "rows": rows,
        "counts": tuple(counts),
        "sums": tuple(sums),
        "squares": tuple(squares),
        "choices": tuple(choices),
        "classes": _parts(fields["classes"], "classes", classes, rows),
    }


def _object(text: str) -> dict[str, Any]:
    if len(text) > _LONGEST:
        raise ValueError(
            f"statistics: at most {_LONGEST:,} characters are read, got {len(text):,}"
        )
    try:
        found = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        # The parser's own words quote the text.
        raise ValueError("statistics: not JSON with finite numbers") from None
    wanted = ["rows", "counts", "sums", "squares", "choices", "classes"]
    if not isinstance(found, dict) or sorted(found) != sorted(wanted):
        raise ValueError(f"statistics: must be an object with {', '.join(wanted)}, no more")
    return found


def _no_number(_: str) -> NoReturn:
    raise ValueError


def _list(value: Any, what: str, size: int) -> list[Any]:
    if not isinstance(value, list) or len(value) != size:
        got = f"a list of {len(value)}" if isinstance(value, list) else type(value).__name__
        raise ValueError(f"statistics: {what} must be a list of {size}, got {got}")
    return value


def _each(fields: dict[str, Any], name: str, columns: tuple[Any, ...]) -> zip[tuple[Any, Any]]:
    return zip(columns, _list(fields[name], name, len(columns)), strict=True)


def _count(value: Any, what: str, most: int) -> int:
    # True is an int to Python.
    if type(value) is not int or not 0 <= value <= most:
        got = f"{value:.10g}" if _is_number(value) else type(value).__name__
        raise ValueError(
            f"statistics: {what} must be a whole number from 0 to {most}, got {got}"
        )
    return value


def _is_number(value: Any) -> bool:
    small = type(value) is int and abs(value) <= _MOST_ROWS
    return small or (type(value) is float and math.isfinite(value))


def _number(value: Any, what: str) -> float:
    if not _is_number(value):
        raise ValueError(f"statistics: {what} must be a finite number")
    return float(value)


def _parts(value: Any, what: str, size: int, rows: int) -> tuple[int, ...]:
    counts = tuple(_count(one, what, rows) for one in _list(value, what, size))
    if sum(counts) > rows:
        raise ValueError(f"statistics: {what} add up to {sum(counts)}, of {rows} rows")
    return counts


def _possible(
    name: str, count: int, total: float, square: float, low: float, high: float
) -> None:
    """Refuse sums that no `count` values in a range have."""
    if not count:
        if total or square:
            raise ValueError(f"statistics: sums of {name} must be 0, since nothing is counted")
        return
    mean, slack = total / count, _ROUNDING * max(abs(low), abs(high))
    if not low - slack <= mean <= high + slack:
        raise ValueError(
            f"statistics: the mean of {name} must lie in {low:.10g} to {high:.10g}, got"
            f" {mean:.10g}"
        )
    # The mean of squares is least where all values are alike, and largest where all lie at
    # an end of the range: (x - low) (x - high) <= 0 for each.
    least, largest = mean * mean, mean * (low + high) - low * high
    slack = _ROUNDING * max(low * low, high * high)
    if not least - slack <= square / count <= largest + slack:
        raise ValueError(
            f"statistics: squares of {name} must lie between those of {count} values that are"
            " all alike and all at an end of the range"
        )
