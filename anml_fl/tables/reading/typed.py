"""Columns that have types of their own: Parquet, frames, arrays."""

from __future__ import annotations

import decimal
from contextlib import suppress
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds

from anml_fl.datasets.table import TableError
from anml_fl.tables.reading.names import column_names

# What a column that holds several kinds of values may hold, to be read as text.
_CELLS = (str, int, float, bool, decimal.Decimal, np.number, np.bool_)
_TEXTS = (kinds.is_string, kinds.is_large_string, kinds.is_string_view, kinds.is_null)
_BYTES = (
    kinds.is_binary,
    kinds.is_large_binary,
    kinds.is_binary_view,
    kinds.is_fixed_size_binary,
)


def typed_columns(table: pa.Table, where: str) -> pa.Table:
    """Bring a table's columns into few types, and say that what is not a number is missing.

    Parameters
    ----------
    table : pyarrow.Table
    where : str
        What it was read from, for messages.

    Returns
    -------
    pyarrow.Table
        Of numbers, bools, dates and instants, and of texts without the blanks around them.

    Raises
    ------
    TableError
        If there are no rows, names are missing or there twice, or a column's cells are no
        single values: naming the column.

    Examples
    --------
    >>> typed_columns(pa.table({"age": [63.0, float("nan")]}), "a.parquet").to_pydict()
    {'age': [63.0, None]}
    """
    names = column_names(table.column_names, where)
    if not names or not table.num_rows:
        raise TableError(f"{where}: no rows")
    columns = [
        _simple(column, f"{where}, column {name}")
        for name, column in zip(names, table.columns, strict=True)
    ]
    return pa.table(columns, names=names)


def rows_by_number(row: int) -> str:
    """Say where a row stands that has no line: by its number, counted from 1."""
    return f"row {row + 1}"


def as_column(values: Any, where: str) -> pa.Array:
    """Make a column of an array, a list or a series.

    Raises
    ------
    TableError
        If it holds no single numbers, texts, bools or dates. It quotes none.
    """
    dtype = getattr(values, "dtype", None)
    if isinstance(dtype, np.dtype) and dtype.kind in "cV":
        raise TableError(
            f"{where} holds {dtype.name} values; a column holds numbers, texts, bools or dates"
        )
    if isinstance(dtype, np.dtype) and dtype.kind == "f" and dtype.itemsize not in {4, 8}:
        values = np.asarray(values, np.float64)
    found = None
    # Left before anything else is raised, since the error quotes a value.
    with suppress(pa.ArrowException, TypeError, ValueError, OverflowError):
        found = pa.array(values)
    if found is None:
        found = _as_texts(values, where)
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found


def _as_texts(values: Any, where: str) -> pa.Array:
    """Write each cell as a text file would have it."""

    def text(cell: Any) -> str | None:
        if cell is None or type(cell).__name__ == "NAType" or cell != cell:  # noqa: PLR0124
            return None
        if not isinstance(cell, _CELLS):
            raise TableError(
                f"{where} holds {type(cell).__name__} values among others; a column holds"
                " numbers, texts, bools or dates"
            )
        return str(cell)

    return pa.array([text(cell) for cell in values], pa.string())


def _simple(column: pa.ChunkedArray, where: str) -> pa.ChunkedArray:
    if isinstance(column.type, pa.BaseExtensionType):
        column = pa.chunked_array(
            [chunk.storage for chunk in column.chunks], column.type.storage_type
        )
    if kinds.is_run_end_encoded(column.type):
        column = pc.run_end_decode(column)
    if kinds.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    found = column.type
    if kinds.is_nested(found):
        raise TableError(
            f"{where}: each cell holds several values ({_kind(found)}); write them as columns"
            " of their own, or leave the column out"
        )
    if any(test(found) for test in _BYTES):
        raise TableError(
            f"{where}: each cell holds bytes; write them as text, or leave the column out"
        )
    if any(test(found) for test in _TEXTS):
        return pc.utf8_trim_whitespace(column.cast(pa.string()))
    if kinds.is_float16(found):
        column = column.cast(pa.float32())
    if kinds.is_floating(found):
        missing = pc.is_nan(column)
        if pc.any(missing).as_py():
            column = pc.if_else(missing, pa.scalar(None, column.type), column)
    return column


def _kind(found: pa.DataType) -> str:
    if kinds.is_struct(found):
        return "a struct"
    return "a map" if kinds.is_map(found) else "a list"
