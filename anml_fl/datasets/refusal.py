"""How a bad cell is refused: the cell, if it is one value, and what would be right."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

from anml_fl.datasets.delimited import SEPARATORS
from anml_fl.datasets.schema import number

if TYPE_CHECKING:
    from collections.abc import Sequence

# Of more values than these, the nearest or the first are listed.
_LISTED = 8
_LONGEST_SHOWN = 24
_LONGEST_COMPARED = 64
_PARTS = re.compile(r"[^\W_]+")
# Digits on both sides of a comma, a point or a low line may be one number, mistyped.
_VALUES = re.compile(r"[^\w.,]+")
# With a year of four digits and all in place: 63-1-1 may be three cells.
_DATE = re.compile(
    r"((1[5-9]|2[01])\d\d([-/])\d\d\3\d\d|\d\d?([-./])\d\d?\4(1[5-9]|2[01])\d\d)"
    r"([T ]\d\d:\d\d(:\d\d)?)?",
    re.ASCII,
)
_WITH_UNIT = re.compile(r"[+-]?[0-9]+([.,][0-9]+)? ?[^\W\d_]{1,8}")


def shown(text: str) -> str:
    """Show one cell; what a wrong quote or separator made one cell of is more than that.

    Examples
    --------
    >>> shown("630"), shown("63;1;va"), shown("")
    ("'630'", 'a text of 7 characters', 'an empty cell')
    """
    # Not splitlines(): a cell may hold U+2028 without quotes, and is shown it.
    if breaks := text.count("\n"):
        return f"a text of {len(text)} characters on {breaks + 1} lines, all in quotes"
    if len(text) > _LONGEST_SHOWN or not _is_one_value(text):
        return f"a text of {len(text)} characters"
    # ascii(), since letters of two alphabets look alike.
    return ascii(text) if text else "an empty cell"


def _is_one_value(text: str) -> bool:
    """Tell a number, a date or up to two words from what may be several cells."""
    if number(text) is not None or _DATE.fullmatch(text) or has_unit(text):
        return True
    counted = sum(any(map(str.isnumeric, part)) for part in _VALUES.split(text))
    separators = sum(map(text.count, SEPARATORS))
    return separators <= 1 and len(_PARTS.findall(text)) <= 2 and counted <= 1


def has_unit(text: str) -> bool:
    """Whether a text is a number and one short word, which may be its unit.

    Examples
    --------
    >>> has_unit("1.5 mmHg"), has_unit("12kg"), has_unit("1e5"), has_unit("63 1 va")
    (True, True, False, False)
    """
    return _WITH_UNIT.fullmatch(text) is not None


def listed(values: Sequence[str], text: str = "") -> str:
    """List what would be right; of many, those that a text comes near.

    Examples
    --------
    >>> listed(["0", "1", "2"]), listed([f"code {i}" for i in range(9)], "Code 7")
    ('0, 1 or 2', 'one of 9 known values, as code 7, code 8, code 6')
    """
    if len(values) <= _LISTED:
        return " or ".join(filter(None, (", ".join(values[:-1]), values[-1])))
    near = get_close_matches(text[:_LONGEST_COMPARED], values) or values[:3]
    return f"one of {len(values)} known values, as {', '.join(near)}"


def or_missing(missing: Sequence[str]) -> str:
    """Say how a cell tells that its value is missing, where one may.

    Examples
    --------
    >>> or_missing(["?", ""])
    ', or missing (? or an empty cell)'
    """
    if not missing:
        return ""
    marks = [mark or "an empty cell" for mark in missing]
    if len(marks) > _LISTED:
        return f", or missing ({', '.join(marks[:3])} or one of {len(marks) - 3} more marks)"
    return f", or missing ({listed(marks)})"
