"""The values of a column as a schema lists them: short, and in their natural order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.datasets.schema import number
from anml_fl.tables.cell import key, ordered

if TYPE_CHECKING:
    from collections.abc import Iterable


def short(text: str) -> str:
    """Write a number with as few digits as tell it; another text as it is.

    Examples
    --------
    >>> short("63.0"), short("007"), short("1234567.5"), short("f")
    ('63', '7', '1234567.5', 'f')
    """
    value = number(text)
    if value is None:
        return text
    shown = f"{value:g}"
    return shown if float(shown) == value else text


def listed(values: Iterable[str]) -> tuple[str, ...]:
    """Put values into their natural order, and take those that are the same one only once.

    Examples
    --------
    >>> listed(["2.0", "10", "1", "2"])
    ('1', '2', '10')
    """
    return ordered({key(value): short(value) for value in values}.values())
