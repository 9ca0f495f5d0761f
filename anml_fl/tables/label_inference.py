"""Finding out what a label is: one of several classes, or a number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.datasets.table import TableError
from anml_fl.tables.natural_values import listed
from anml_fl.tables.profile import MOSTLY, absent, can_be_read, plain, profiled
from anml_fl.tables.schema import MISSING, ClassLabel, ValueLabel
from anml_fl.tables.wide_ranges import wide_range

if TYPE_CHECKING:
    from anml_fl.tables.columns import Columns
    from anml_fl.tables.profile import Profile

MOST_CLASSES = 1000
_FEW = 20
_SHARE_OF_ROWS = 0.05


def inferred_label(columns: Columns, name: str) -> ClassLabel | ValueLabel:
    """Say what is to be predicted.

    Numbers are values, for regression, where more than 20 differ and they have decimals, or
    they are also more than a twentieth of the rows; else they are classes.

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
    cells = plain(columns.table[name])
    if not can_be_read(cells.type):
        raise TableError(
            f"{where}: a label must be texts or numbers, not of type {cells.type}"
        )
    profile = profiled(columns, name, MISSING)
    if profile.missing:
        raise TableError(
            f"{where}: the label is missing in {profile.missing} of {profile.rows} rows, the"
            f" first being {columns.place(_first_missing(cells))}; nothing can be learned from"
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
    return ClassLabel(name=name, classes=tuple((value,) for value in classes))


def _is_value(profile: Profile) -> bool:
    numbers = profile.numbers
    there = ~np.isnan(numbers)
    if profile.share(there) < MOSTLY:
        return False
    different = np.unique(numbers[there]).size
    fractional = profile.share(there & (numbers != np.trunc(numbers))) > 1 / 2
    limit = _FEW if fractional else max(_FEW, _SHARE_OF_ROWS * profile.rows)
    return bool(different > limit)


def _first_missing(cells: Any) -> int:
    start = 0
    for chunk in cells.chunks:
        if (found := absent(chunk, MISSING)).any():
            return start + int(found.argmax())
        start += len(chunk)
    return start
