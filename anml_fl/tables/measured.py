"""Numbers and dates of a table, held against their range."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from anml_fl.datasets.refusal import has_unit, or_missing
from anml_fl.tables.cell import date_of, may_be_thousands, number_of, numbers_of, texts_of
from anml_fl.tables.distinct import is_moment
from anml_fl.tables.ranges import bounds
from anml_fl.tables.schema import LARGEST, DateColumn, NumberColumn

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anml_fl.tables.distinct import Distinct
    from anml_fl.tables.schema import Scaled, ValueLabel

_DAY = 86_400_000_000  # in microseconds


def measured(
    cells: Distinct, column: Scaled | ValueLabel, missing: tuple[str, ...] | None
) -> NDArray[np.float64]:
    """Read a column of numbers or dates.

    Parameters
    ----------
    cells : Distinct
    column : NumberColumn, DateColumn or ValueLabel
    missing : tuple of str, optional
        Cells that say that a value is missing, beside those that are null; where it is None,
        no value may be.

    Returns
    -------
    (n,) float64
        nan where missing; dates in days since 1970-01-01.

    Raises
    ------
    TableError
        If a cell is no number or no date, or out of range.
    """
    low, high = bounds(column)
    marks = () if missing is None else missing
    none = cells.missing(marks) & (missing is not None)
    if isinstance(column, DateColumn):
        values = _dates(cells)
        fits = (low <= values) & (values < high)
    else:
        values = _numbers(cells.values)
        absent = column.absent if isinstance(column, NumberColumn) else ()
        none[:-1] |= np.isin(values, absent)
        fits = (low <= values) & (values <= high)
    values = np.append(np.where(none[:-1], np.nan, values), np.nan)
    cells.refuse(
        ~(np.append(fits, False) | none),
        lambda text: _right(text, column, marks),
        lambda text: _what_to_do(text, column),
    )
    return values[cells.codes]


def _numbers(values: Any) -> NDArray[np.float64]:
    if is_moment(values.type):
        values = texts_of(values)  # which are no numbers, and refused by their text
    return _nan_for_null(numbers_of(values))


def _dates(cells: Distinct) -> NDArray[np.float64]:
    if is_moment(cells.values.type):
        moments = pc.cast(cells.values, pa.timestamp("us"), safe=False)
        return _nan_for_null(pc.cast(moments, pa.int64())) / _DAY
    found = [date_of(text) for text in cells.texts[:-1]]
    return np.array([np.nan if day is None else day for day in found], dtype=np.float64)


def _nan_for_null(values: Any) -> NDArray[np.float64]:
    return np.asarray(values.to_numpy(zero_copy_only=False), dtype=np.float64)


def _what_to_do(text: str, column: Scaled | ValueLabel) -> str:
    """Say what to do about a cell that is of another kind, or in another unit."""
    if isinstance(column, DateColumn):
        if date_of(text) is not None:
            return ""
    elif (value := number_of(text)) is not None:
        return "; take another unit" if abs(value) > LARGEST else ""
    if isinstance(column, DateColumn | NumberColumn):
        return (
            "; mend the cell, list it under `missing` in a schema, or leave the column out"
            ' with kind = "ignored"'
        )
    return "; mend the cell, or take its row out"


def _right(text: str, column: Scaled | ValueLabel, missing: tuple[str, ...]) -> str:
    if isinstance(column, DateColumn):
        return f"a date from {column.low} to {column.high}, as 2024-12-31{or_missing(missing)}"
    hint = ""
    if may_be_thousands(text):
        hint = ", with a point before its decimals and nothing between thousands"
    elif number_of(text) is None and has_unit(text):
        hint = ", without its unit"
    elif number_of(text) is None and "," in text:
        hint = ", with a point before its decimals"
    wanted = f"a number from {column.low:.10g} to {column.high:.10g}"
    return f"{wanted}{hint}{or_missing(missing)}"
