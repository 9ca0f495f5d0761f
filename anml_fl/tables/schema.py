"""What a table of a federation must hold: agreed on once, the same at every site.

A schema knows columns, categories, ranges and classes, and no row. It is inferred from a
table, written as `schema.toml`, edited by people, and held against every table.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from anml_fl.settings.section import Section
from anml_fl.tables.cell import key

MISSING = (
    "", "?", "-", "NA", "N/A", "na", "n/a", "NaN", "nan", "null", "NULL", "None", "none",
)  # fmt: skip
"""Cells that say that a value is missing, unless a schema says otherwise."""

LARGEST = 1e15
"""No number, bound or spread may be larger; nothing is measured in such a unit."""
LEAST_SPREAD = 1 / LARGEST
"""No spread may be smaller."""


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must have printable characters alone, no tabs or line ends")
    return text


Text = Annotated[str, AfterValidator(_printable)]
Name = Annotated[Text, Field(min_length=1, max_length=200)]
# Strict: true is no number.
Bound = Annotated[float, Field(strict=True, ge=-LARGEST, le=LARGEST)]
Spread = Annotated[float, Field(strict=True, ge=LEAST_SPREAD, le=LARGEST)]


class _Column(Section):
    """What every kind of column has.

    Parameters
    ----------
    name : str
    gaps : bool
        Whether values may be missing; then an indicator says of each row whether its is.
    """

    name: Name
    gaps: bool = False

    @property
    def width(self) -> int:
        """How many features it becomes: one, and one that says whether it is missing."""
        return 1 + self.gaps


class NumberColumn(_Column):
    """A column of numbers, standardised.

    Parameters
    ----------
    low, high : float
        Beyond them a value is a mistake, or in another unit.
    absent : tuple of float
        Numbers that say that nothing was measured.
    centre, spread : float, optional
        What it is standardised by; by the sites' statistics if they are not given.
    """

    kind: Literal["number"] = "number"
    low: Bound
    high: Bound
    absent: tuple[Bound, ...] = ()
    centre: Bound | None = None
    spread: Spread | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        _check_range(
            f"column {self.name!r}", (self.low, self.high), (self.centre, self.spread)
        )
        return self


class DateColumn(_Column):
    """A column of dates, as days, standardised: ISO 8601, with or without a time.

    Parameters
    ----------
    low, high : date
    centre, spread : float, optional
        In days since 1970-01-01, and days.
    """

    kind: Literal["date"] = "date"
    low: dt.date
    high: dt.date
    centre: Bound | None = None
    spread: Spread | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        _check_range(
            f"column {self.name!r}", (self.low, self.high), (self.centre, self.spread)
        )
        return self


class BooleanColumn(_Column):
    """A column of two values: an indicator of the second.

    Parameters
    ----------
    values : tuple of two str
        No and yes, in this order. Numbers are compared as numbers: 1.0 is 1.
    """

    kind: Literal["boolean"] = "boolean"
    values: tuple[Text, Text]


class CategoryColumn(_Column):
    """A column of categories: an indicator for each, and one for all that are not known.

    Parameters
    ----------
    values : tuple of str
        All that are known. Numbers are compared as numbers: 3.0 is 3.
    """

    kind: Literal["category"] = "category"
    values: tuple[Text, ...] = Field(min_length=1)

    @property
    def width(self) -> int:
        """A feature for each value, one for unknown ones, one for missing ones."""
        return len(self.values) + 1 + self.gaps


class IgnoredColumn(_Column):
    """A column that nothing is learned from.

    Parameters
    ----------
    why : str
        Such as "text: nearly every value differs"; it quotes none.
    """

    kind: Literal["ignored"] = "ignored"
    why: Text = ""

    @property
    def width(self) -> int:
        """No feature."""
        return 0


Column = Annotated[
    NumberColumn | DateColumn | BooleanColumn | CategoryColumn | IgnoredColumn,
    Field(discriminator="kind"),
]
Scaled = NumberColumn | DateColumn
Chosen = BooleanColumn | CategoryColumn


class ClassLabel(Section):
    """What is to be predicted, where it is one of several classes.

    Parameters
    ----------
    classes : tuple of tuples of str
        Of each class the values that stand for it; in a file a text will do for one.
    """

    kind: Literal["class"] = "class"
    name: Name
    classes: tuple[tuple[Text, ...], ...] = Field(min_length=2)

    @model_validator(mode="before")
    @classmethod
    def _texts(cls, given: Any) -> Any:
        listed = given.get("classes") if isinstance(given, dict) else None
        if not isinstance(listed, list | tuple):
            return given
        return {**given, "classes": [[x] if isinstance(x, str) else x for x in listed]}


class ValueLabel(Section):
    """What is to be predicted, where it is a number: regression by squared error.

    Parameters
    ----------
    low, high : float
    centre, spread : float, optional
        What it is standardised by while a model learns; scores are in its own unit.
    """

    kind: Literal["value"] = "value"
    name: Name
    low: Bound
    high: Bound
    centre: Bound | None = None
    spread: Spread | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        _check_range(f"label {self.name!r}", (self.low, self.high), (self.centre, self.spread))
        return self


TableLabel = Annotated[ClassLabel | ValueLabel, Field(discriminator="kind")]


class Picture(Section):
    """What every picture is: pixels of 0 to 255, which become 0 to 1."""

    channels: Literal[1, 3]
    height: int = Field(ge=1, le=1024)
    width: int = Field(ge=1, le=1024)

    @property
    def size(self) -> int:
        """How many features a picture is."""
        return self.channels * self.height * self.width


class TableSchema(Section):
    """What a table must hold.

    Parameters
    ----------
    label : ClassLabel or ValueLabel
    columns : tuple of columns
        In the order of the features that they become.
    site : str
        The column that says whose rows they are; empty where none does.
    missing : tuple of str
        Cells that say that a value is missing.
    picture : Picture, optional
        Where rows are pictures, whose pixels come before the columns' features.

    Raises
    ------
    ValueError
        If two columns have one name, there is nothing to learn from, or a value is listed
        twice, or stands for a missing one as well.
    """

    version: Literal[1] = 1
    site: Text = ""
    missing: tuple[Text, ...] = MISSING
    label: TableLabel
    picture: Picture | None = None
    columns: tuple[Column, ...] = ()

    @property
    def width(self) -> int:
        """How many features a row has."""
        pixels = self.picture.size if self.picture else 0
        return pixels + sum(column.width for column in self.columns)

    @property
    def classes(self) -> int:
        """How many classes there are; 1 where the label is a number."""
        return len(self.label.classes) if isinstance(self.label, ClassLabel) else 1

    @property
    def scaled(self) -> tuple[Scaled | ValueLabel, ...]:
        """What is standardised: the columns of numbers and dates, then a label of numbers."""
        found = [column for column in self.columns if isinstance(column, Scaled)]
        last = (self.label,) if isinstance(self.label, ValueLabel) else ()
        return (*found, *last)

    @property
    def chosen(self) -> tuple[Chosen, ...]:
        """The columns of categories and of two values."""
        return tuple(column for column in self.columns if isinstance(column, Chosen))

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = [column.name for column in self.columns]
        names += [self.label.name, *([self.site] if self.site else [])]
        if twice := sorted(name for name, times in Counter(names).items() if times > 1):
            raise ValueError(f"column {twice[0]!r} is there twice")
        if not self.width:
            raise ValueError("a column is needed, to predict from")
        listed = {column.name: column.values for column in self.chosen}
        if isinstance(self.label, ClassLabel):
            if not all(self.label.classes):
                raise ValueError(f"label {self.label.name!r}: each class needs a value")
            listed[self.label.name] = tuple(v for one in self.label.classes for v in one)
        for name, values in listed.items():
            keys = set(map(key, values))
            if len(keys) < len(values):
                raise ValueError(f"column {name!r}: a value is there twice")
            if keys & set(map(key, self.missing)):
                raise ValueError(
                    f"column {name!r}: a value is also listed under `missing`; take it out of"
                    " one of the two"
                )
        return self


def _check_range(
    what: str, ends: tuple[Any, Any], scale: tuple[float | None, float | None]
) -> None:
    low, high = ends
    if not low < high:
        raise ValueError(
            f"{what}: low must lie below high, got {_shown(low)} and {_shown(high)}"
        )
    if scale.count(None) == 1:
        raise ValueError(f"{what}: give centre and spread, or neither")


def _shown(bound: float | dt.date) -> str:
    return str(bound) if isinstance(bound, dt.date) else f"{bound:g}"
