"""Columns of a table, with their types: whatever is not known is null."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

TEXT, COUNT, NUMBER, FLAG = pa.string(), pa.int64(), pa.float64(), pa.bool_()


def schema_of(kinds: Mapping[pa.DataType, str], order: str) -> pa.Schema:
    """Make a schema.

    Parameters
    ----------
    kinds : mapping
        Type to the names that have it, separated by blanks; all others are numbers.
    order : str
        All names, separated by blanks.

    Examples
    --------
    >>> schema_of({COUNT: "round"}, "round q").types
    [DataType(int64), DataType(double)]
    """
    types = {name: kind for kind, names in kinds.items() for name in names.split()}
    return pa.schema([(name, types.get(name, NUMBER)) for name in order.split()])


def table_of(
    schema: pa.Schema,
    columns: Mapping[str, Sequence[Any]],
    rows: int,
    shared: Mapping[str, Any] | None = None,
) -> pa.Table:
    """Fill a schema; nan becomes null.

    Parameters
    ----------
    schema : pyarrow.Schema
    columns : mapping
        Name to values; a name that is missing is null throughout.
    rows : int
    shared : mapping, optional
        Name to the one value that all rows have.

    Raises
    ------
    pyarrow.ArrowInvalid, pyarrow.ArrowTypeError
        If a value is not of its column's type.

    Examples
    --------
    >>> schema = schema_of({TEXT: "run"}, "run q")
    >>> table_of(schema, {"q": [0.5, float("nan")]}, 2, {"run": "a"}).to_pydict()
    {'run': ['a', 'a'], 'q': [0.5, None]}
    """
    same = shared or {}
    arrays = [
        pa.array(columns[field.name], field.type, from_pandas=True)
        if field.name in columns
        else pa.repeat(pa.scalar(same.get(field.name), field.type), rows)
        for field in schema
    ]
    return pa.table(arrays, schema=schema)


def joined(schema: pa.Schema, tables: Iterable[pa.Table]) -> pa.Table:
    """Put tables of one schema below each other, in one piece; without any, no row."""
    found = list(tables)
    return pa.concat_tables(found).combine_chunks() if found else schema.empty_table()
