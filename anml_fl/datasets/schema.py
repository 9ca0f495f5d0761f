"""What a table must hold: its columns, the values each may have, what counts as missing."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# Nothing is measured in units in which it comes near it.
LARGEST = 1e9
"""No measurement, pixel or feature of a picture may be larger."""

# float() would also take nan, inf, 1_000, and other scripts' digits.
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Measured:
    """A column of numbers, which are standardised.

    Parameters
    ----------
    name : str
    low, high : float
        The range beyond which a value is a mistake, or in another unit.
    absent : tuple of float
        Numbers that say that nothing was measured.
    """

    name: str
    low: float = -LARGEST
    high: float = LARGEST
    absent: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not -LARGEST <= self.low < self.high <= LARGEST:
            raise ValueError(
                f"column {self.name!r}: its range must lie in {-LARGEST:g} to {LARGEST:g}, got"
                f" {self.low:g} to {self.high:g}"
            )


@dataclass(frozen=True, slots=True)
class Category:
    """A column of categories: each becomes an indicator, and one that is missing is none.

    Parameters
    ----------
    name : str
    values : tuple of str
        All that are known. Numbers are compared as numbers: 3.0 is 3.
    reference : str, optional
        The value that has no indicator, being what is left where the others are not.
    """

    name: str
    values: tuple[str, ...]
    reference: str | None = None

    def __post_init__(self) -> None:
        _differ(self.name, "value", map(key, self.values))
        if self.reference is not None and self.reference not in self.values:
            raise ValueError(
                f"column {self.name!r}: the reference must be one of its values, got"
                f" {self.reference!r}"
            )
        if not set(self.values) - {self.reference}:
            raise ValueError(f"column {self.name!r}: a value is needed beside the reference")


@dataclass(frozen=True, slots=True)
class Label:
    """The column that is to be predicted; it is never missing.

    Parameters
    ----------
    name : str
    classes : tuple of tuples of str
        Of each class, the values that stand for it.
    """

    name: str
    classes: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        _differ(self.name, "value", map(key, chain(*self.classes)))
        if len(self.classes) < 2 or not all(self.classes):
            raise ValueError(
                f"column {self.name!r}: two classes are needed, with a value each"
            )


@dataclass(frozen=True, slots=True)
class Site:
    """The column that says who gathered a row; it is never missing."""

    name: str


@dataclass(frozen=True, slots=True)
class Schema:
    """A table's columns. It may have others, which are not read.

    Parameters
    ----------
    columns : tuple of Measured or Category
        What is predicted from, in this order.
    label : Label
    site : Site, optional
    missing : tuple of str
        How a cell says that its value is missing; else what is not known is a mistake. Numbers
        are compared as numbers.

    Raises
    ------
    ValueError
        If there is none, two have the same name, or a known value says that it is missing.

    Examples
    --------
    >>> Schema((Measured("age"), Measured("Age")), Label("sick", (("0",), ("1",))))
    Traceback (most recent call last):
    ValueError: schema: column 'age' is there twice
    """

    columns: tuple[Measured | Category, ...]
    label: Label
    site: Site | None = None
    missing: tuple[str, ...] = ("?", "", "NA")

    def __post_init__(self) -> None:
        if not self.columns:
            raise ValueError("schema: a column is needed, to predict from")
        _differ("", "column", map(str.casefold, self.names))
        values_of = {
            column.name: column.values
            for column in self.columns
            if isinstance(column, Category)
        }
        values_of[self.label.name] = tuple(chain(*self.label.classes))
        for name, values in values_of.items():
            if both := [value for value in values if self.is_missing(value)]:
                raise ValueError(
                    f"column {name!r}: {both[0]!r} is a value, and cannot stand for none"
                )

    @property
    def names(self) -> tuple[str, ...]:
        """All columns that are read."""
        first = () if self.site is None else (self.site.name,)
        return (*first, *(column.name for column in self.columns), self.label.name)

    def is_missing(self, text: str) -> bool:
        """Whether a cell says that its value is missing."""
        return key(text) in map(key, self.missing)


def number(text: str) -> float | None:
    """Read a number as people write it: digits, a point, perhaps an exponent.

    Examples
    --------
    >>> number("63.0"), number("nan"), number("2,3"), number("1_000")
    (63.0, None, None, None)
    """
    return float(text) if _NUMBER.fullmatch(text) else None


def key(text: str) -> float | str:
    """Say what a category is compared by: 3, 3.0 and 03 are the same.

    Examples
    --------
    >>> key("3.0") == key("3"), key("Private")
    (True, 'Private')
    """
    found = number(text)
    return text if found is None else found


def _differ(column: str, what: str, names: Iterable[float | str]) -> None:
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        where = f"column {column!r}" if column else "schema"
        shown = f"{twice[0]:g}" if isinstance(twice[0], float) else repr(twice[0])
        raise ValueError(f"{where}: {what} {shown} is there twice")
