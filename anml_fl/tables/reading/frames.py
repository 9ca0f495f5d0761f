"""Tables that are in memory: data frames of any library, dicts of columns, arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from anml_fl.datasets.table import TableError
from anml_fl.tables.columns import SITE, Columns
from anml_fl.tables.reading.typed import as_column, rows_by_number, typed_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

LABEL = "label"
"""The column of labels that are given beside the data."""
_DATA = "data"


def frame_columns(
    data: Any, labels: Any = None, sites: Any = None, names: Sequence[str] | None = None
) -> Columns:
    """Take a table that is in memory.

    Parameters
    ----------
    data : data frame, mapping of columns, or (n, d) array
        Of pandas, polars, pyarrow, or any library that knows Arrow's C stream.
    labels : (n,) array-like, optional
        What is to be predicted, as a column `label`.
    sites : (n,) array-like, optional
        Whose each row is, as a column `site`.
    names : sequence of str, optional
        Of an array's columns; x0, x1 and so on without them.

    Raises
    ------
    TableError
        If lengths differ, a column is there twice, or one holds no single values.

    Examples
    --------
    >>> found = frame_columns(np.array([[1.0, 2.0]]), labels=["sick"], sites=["a"])
    >>> found.table.to_pydict(), found.place(0), found.by
    ({'x0': [1.0], 'x1': [2.0], 'label': ['sick'], 'site': ['a']}, 'row 1', 'site')
    """
    table = _table(data, names)
    for name, values in ((LABEL, labels), (SITE, sites)):
        if values is None:
            continue
        if name in table.column_names:
            raise TableError(
                f"{_DATA}: there is a column {name!r} already, and {name}s are given beside"
                " it; leave out one of the two"
            )
        column = as_column(_flat(values, f"{name}s"), f"{name}s")
        if len(column) != table.num_rows:
            raise TableError(
                f"{name}s: {len(column)} values, but the data have {table.num_rows} rows; each"
                " row needs one"
            )
        table = table.append_column(name, column)
    by = "" if sites is None else SITE
    return Columns(_DATA, typed_columns(table, _DATA), rows_by_number, by)


def _table(data: Any, names: Sequence[str] | None) -> pa.Table:
    if isinstance(data, str | bytes):
        raise TableError(
            f"{_DATA}: a text; give a data frame, a mapping of columns or an array, or read a"
            " file with read_columns"
        )
    columns = getattr(data, "columns", None)
    framed = hasattr(data, "__arrow_c_stream__") or hasattr(data, "to_arrow")
    if names is not None and (framed or columns is not None or isinstance(data, Mapping)):
        raise TableError(f"{_DATA}: names are for an array; a frame's columns have their own")
    if hasattr(data, "iloc") and columns is not None:
        # Not pandas' own conversion: over a column of several kinds it would quote a value.
        return _of_columns(
            [(str(name), data.iloc[:, place]) for place, name in enumerate(columns)]
        )
    if isinstance(data, Mapping):
        return _of_columns([(str(name), values) for name, values in data.items()])
    if hasattr(data, "__arrow_c_stream__"):
        return pa.table(data)
    if hasattr(data, "to_arrow"):
        return data.to_arrow()
    return _of_array(data, names)


def _of_columns(columns: Sequence[tuple[str, Any]]) -> pa.Table:
    if not columns:
        raise TableError(f"{_DATA}: no columns")
    found = []
    for name, values in columns:
        where = f"{_DATA}, column {name}"
        found.append(as_column(_flat(values, where), where))
        if len(found[-1]) != len(found[0]):
            raise TableError(
                f"{where}: {len(found[-1])} values, but column {columns[0][0]} has"
                f" {len(found[0])}; each row needs one"
            )
    return pa.table(found, names=[name for name, _ in columns])


def _of_array(data: Any, names: Sequence[str] | None) -> pa.Table:
    if hasattr(data, "toarray"):
        raise TableError(f"{_DATA}: a sparse matrix; give data.toarray()")
    try:
        array = np.asarray(data)
    except (TypeError, ValueError):
        array = np.empty(0, object)
    if array.ndim != 2:
        raise TableError(
            f"{_DATA}: {type(data).__name__} with {array.ndim} axes; give a data frame, a"
            " mapping of columns, or an array with two axes: rows and columns"
        )
    if names is None:
        names = [f"x{place}" for place in range(array.shape[1])]
    if len(names) != array.shape[1]:
        raise TableError(
            f"{_DATA}: {len(names)} names for {array.shape[1]} columns; give one for each"
        )
    return _of_columns(list(zip(names, array.T, strict=True)))


def _flat(values: Any, where: str) -> Any:
    """Return what has one axis, and make an array of what pyarrow does not know."""
    if isinstance(values, pa.Array | pa.ChunkedArray):
        return values
    if not hasattr(values, "dtype") or type(values).__module__.startswith("torch"):
        values = values if isinstance(values, list | tuple) else np.asarray(values)
    axes = getattr(values, "ndim", 1)
    if axes != 1:
        raise TableError(f"{where}: {axes} axes; a column has one, with a value for each row")
    return values
