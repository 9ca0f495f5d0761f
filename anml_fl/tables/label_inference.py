"""Finding out what a label is: one of several classes, or a number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from anml_fl.datasets.table import TableError
from anml_fl.tables.distinct import distinct, is_text
from anml_fl.tables.natural_values import listed
from anml_fl.tables.profile import MOSTLY, can_be_read, profile_of
from anml_fl.tables.schema import MISSING, ClassLabel, ValueLabel
from anml_fl.tables.statistics import LEAST
from anml_fl.tables.wide_ranges import wide_range

if TYPE_CHECKING:
    from anml_fl.tables.columns import Columns
    from anml_fl.tables.profile import Profile

MOST_CLASSES = 1000
_FEW = 20
_SHARE_OF_ROWS = 0.05
_MANY = 100
_NONE = ("none", "None")
_SHARE_OF_NONE = 0.01


def missing_marks(columns: Columns, label: str) -> tuple[str, ...]:
    """Say which cells tell that a value is missing; of a label "none" may be a class.

    It is one where several rows, and one in a hundred at least, have it: none, mild, severe.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from anml_fl.tables.columns import Columns
    >>> pain = pa.table({"pain": ["none", "mild", "none", "none", "none", "none", "mild"]})
    >>> set(MISSING) - set(missing_marks(Columns("a.csv", pain, str), "pain"))
    {'none'}
    """
    if not is_text(columns.table.schema.field(label).type):
        return MISSING
    profile = profile_of(distinct(columns, label), ())
    often = max(LEAST, _SHARE_OF_NONE * profile.rows)
    counted = zip(profile.texts, profile.counts, strict=True)
    classes = {text for text, times in counted if text in _NONE and times >= often}
    return tuple(mark for mark in MISSING if mark not in classes)


def inferred_label(
    columns: Columns, name: str, missing: tuple[str, ...] = MISSING
) -> ClassLabel | ValueLabel:
    """Say what is to be predicted.

    Numbers are values, for regression, where more than 20 differ and they have decimals, or
    they are also more than a twentieth of the rows, or than 100; else they are classes.

    Raises
    ------
    TableError
        If it is missing in a row, or has one value alone, or more than 1000 that are no
        numbers.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from anml_fl.tables.columns import Columns
    >>> table = pa.table({"stage": ["3", "1", "2"], "dose": [0.5, 1.5, None]})
    >>> columns = Columns("a.csv", table, lambda row: f"line {row + 2}")
    >>> inferred_label(columns, "stage").classes
    (('1',), ('2',), ('3',))
    >>> inferred_label(columns, "dose")
    Traceback (most recent call last):
    anml_fl.datasets.table.TableError: a.csv, column dose: the label is missing in 1 of 3 rows,
    the first being line 4; nothing can be learned from them: take them out
    """
    where = f"{columns.where}, column {name}"
    kind = columns.table.schema.field(name).type
    if not can_be_read(kind):
        raise TableError(f"{where}: a label must be texts or numbers, not of type {kind}")
    cells = distinct(columns, name)
    profile = profile_of(cells, missing)
    if profile.missing:
        first = int(np.argmax(cells.missing(missing)[cells.codes]))
        raise TableError(
            f"{where}: the label is missing in {profile.missing} of {profile.rows} rows, the"
            f" first being {columns.place(first)}; nothing can be learned from"
            " them: take them out"
        )
    if profile.different and _is_value(profile):
        low, high = wide_range(profile.numbers)
        return ValueLabel(name=name, low=low, high=high)
    if profile.different > MOST_CLASSES:
        raise TableError(
            f"{where}: {profile.different} different values in {profile.rows} rows, and at"
            f" most {MOST_CLASSES} classes can be told apart; a label is one of several"
            " classes, or a number"
        )
    classes = listed(profile.texts)
    if len(classes) < 2:
        raise TableError(
            f"{where}: {profile.rows} rows, and each has the same value; a label needs two"
            " classes at least, or nothing can be told apart"
        )
    if not all(value.isprintable() for value in classes):
        raise TableError(
            f"{where}: a class has a character that cannot be printed, as a line's end; write"
            " classes with printable ones"
        )
    return ClassLabel(name=name, classes=tuple((value,) for value in classes))


def _is_value(profile: Profile) -> bool:
    numbers = profile.numbers
    there = ~np.isnan(numbers)
    if profile.share(there) < MOSTLY:
        return False
    different = np.unique(numbers[there]).size
    fractional = profile.share(there & (numbers != np.trunc(numbers))) > 1 / 2
    many = min(max(_FEW, _SHARE_OF_ROWS * profile.rows), _MANY)
    limit = _FEW if fractional else many
    return bool(different > limit)
