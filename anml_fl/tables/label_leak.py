"""Columns that tell the label by themselves, as one does that is filled in after the fact."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.tables.categories import category_codes, classes_or_none
from anml_fl.tables.distinct import distinct
from anml_fl.tables.profile import dates_in, numbers_in
from anml_fl.tables.schema import (
    ClassLabel,
    DateColumn,
    IgnoredColumn,
    NumberColumn,
    Scaled,
    ValueLabel,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from anml_fl.tables.columns import Columns
    from anml_fl.tables.rows import Rows
    from anml_fl.tables.schema import TableSchema

_BINS = 20
# Of more rows every second, third, ... is looked at.
_LOOKED_AT = 100_000
# With fewer a column may fit by chance; and so may a value that hardly any row has.
_FEWEST = 40
_FEW_OF_A_VALUE = 5
_RIGHT, _PLAIN, _CLOSED = 0.99, 0.9, 0.95
_CORRELATED = 0.999


def told_by_rows(rows: Rows) -> tuple[str, ...]:
    """Note the columns that by themselves tell the label of rows; no cell is quoted.

    Examples
    --------
    >>> from anml_fl.tables.rows import Rows
    >>> from anml_fl.tables.schema import BooleanColumn, ClassLabel, TableSchema
    >>> died = ClassLabel(name="died", classes=(("no",), ("yes",)))
    >>> buried = BooleanColumn(name="buried", values=("no", "yes"))
    >>> labels = np.arange(60) % 2
    >>> schema = TableSchema(label=died, columns=(buried,))
    >>> codes, nobody = labels[:, None].astype(np.int32), np.full(60, -1)
    >>> rows = Rows("a.csv", schema, np.empty((60, 0)), codes, labels, (), nobody)
    >>> told_by_rows(rows)[0].split(":")[0]
    'buried tells the label by itself in 100 % of the rows'
    """
    schema, step = rows.schema, _step(rows.labels.size)
    scaled = [one for one in schema.scaled if one is not schema.label]
    kept: dict[str, NDArray[Any]] = {
        column.name: rows.numbers[::step, place] for place, column in enumerate(scaled)
    }
    kept |= {
        column.name: rows.codes[::step, place] for place, column in enumerate(schema.chosen)
    }
    labels = rows.labels[::step]
    notes = (
        _told(one.name, kept[one.name], labels, schema)
        for one in schema.columns
        if one.name in kept
    )
    return tuple(note for note in notes if note)


def told_by_columns(columns: Columns, schema: TableSchema) -> Iterator[str]:
    """Note the same of a table of which nobody knows yet whether it fits its schema."""
    there, label = columns.table.column_names, schema.label
    if label.name not in there:
        return
    step = _step(columns.table.num_rows)
    if isinstance(label, ClassLabel):
        labels: NDArray[Any] = classes_or_none(distinct(columns, label.name), label)[::step]
        known = labels >= 0
    else:
        labels = _numbers(columns, label, schema, step)
        known = np.isfinite(labels)
    for column in schema.columns:
        if isinstance(column, IgnoredColumn) or column.name not in there:
            continue
        if isinstance(column, Scaled):
            values: NDArray[Any] = _numbers(columns, column, schema, step)
        else:
            cells = distinct(columns, column.name)
            values = category_codes(cells, column, schema.missing)[::step]
        if note := _told(column.name, values[known], labels[known], schema):
            yield note


def _numbers(
    columns: Columns, column: Scaled | ValueLabel, schema: TableSchema, step: int
) -> NDArray[np.float64]:
    cells = distinct(columns, column.name)
    read = dates_in if isinstance(column, DateColumn) else numbers_in
    numbers = np.append(read(cells.values), math.nan)
    numbers[cells.missing(schema.missing)] = math.nan
    if isinstance(column, NumberColumn):
        numbers[np.isin(numbers, column.absent)] = math.nan
    return numbers[cells.codes[::step]]


def _told(name: str, values: NDArray[Any], labels: NDArray[Any], schema: TableSchema) -> str:
    if labels.size < _FEWEST:
        return ""
    numbers = values.dtype.kind == "f"
    if isinstance(schema.label, ValueLabel):
        found = abs(_correlation(values, labels)) if numbers else 0.0
        if found <= _CORRELATED:
            return ""
        # Cut off, not rounded: 1 would say more than was found.
        how = f"(correlation {math.floor(1e4 * found) / 1e4:g})"
    else:
        groups = _binned(values) if numbers else values - values.min()
        right, plain = _right(groups, labels, schema.classes)
        wanted = _RIGHT if plain < _PLAIN else plain + _CLOSED * (1 - plain)
        if plain == 1 or right < wanted:
            return ""
        how = f"in {math.floor(100 * right)} % of the rows"
    return f"{name} tells the label by itself {how}: is it known before the label is?"


def _step(rows: int) -> int:
    return max(1, rows // _LOOKED_AT)


def _binned(values: NDArray[np.float64]) -> NDArray[np.intp]:
    """Put numbers into bins of about as many rows, and gaps into one of their own."""
    gaps = np.isnan(values)
    if gaps.all():
        return np.zeros(values.size, np.intp)
    inner = np.linspace(0, 1, _BINS + 1)[1:-1]
    edges = np.unique(np.quantile(values[~gaps], inner))
    return np.where(gaps, edges.size + 1, np.searchsorted(edges, values, side="right"))


def _right(groups: NDArray[Any], labels: NDArray[Any], classes: int) -> tuple[float, float]:
    """Say in which share of rows the commonest class of a group is right, and of all rows."""
    size = int(groups.max()) + 1
    counts = np.bincount(groups.astype(np.int64) * classes + labels, minlength=size * classes)
    counts = counts.reshape(size, classes)
    whole = counts.sum(axis=0)
    many = counts.sum(axis=1) >= _FEW_OF_A_VALUE
    right = counts[many].max(axis=1).sum() + counts[~many, whole.argmax()].sum()
    return float(right / labels.size), float(whole.max() / labels.size)


def _correlation(values: NDArray[np.float64], labels: NDArray[np.float64]) -> float:
    there = np.isfinite(values) & np.isfinite(labels)
    values, labels = values[there], labels[there]
    if values.size < _FEWEST or not np.ptp(values) or not np.ptp(labels):
        return 0.0
    return float(np.corrcoef(values, labels)[0, 1])
