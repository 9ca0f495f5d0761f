"""What must be put right in a table before a federation can use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.datasets.table import TableError
from anml_fl.tables.checking import checked_rows
from anml_fl.tables.column_name import folded
from anml_fl.tables.distinct import distinct
from anml_fl.tables.schema import IgnoredColumn
from anml_fl.tables.site_names import site_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anml_fl.tables.columns import Columns
    from anml_fl.tables.schema import TableSchema


def findings(columns: Columns, schema: TableSchema) -> tuple[str, ...]:
    """Name what a schema refuses about a table: of every column the first, with its place.

    Returns
    -------
    tuple of str
        Empty if nothing is wrong.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from anml_fl.tables.columns import Columns
    >>> from anml_fl.tables.schema import ClassLabel, NumberColumn, TableSchema
    >>> age = NumberColumn(name="age", low=0, high=130)
    >>> sick = ClassLabel(name="sick", classes=(("0",), ("1",)))
    >>> schema = TableSchema(label=sick, columns=(age,), missing=("?",))
    >>> table = pa.table({"age": ["63", "630"], "sick": ["1", "yes"]})
    >>> for one in findings(Columns("a.csv", table, lambda row: f"line {row + 2}"), schema):
    ...     print(one)
    a.csv, line 3, column age: must be a number from 0 to 130, or missing (?), got '630'
    a.csv, line 3, column sick: must be 0 or 1, got 'yes'
    """
    try:
        checked_rows(columns, schema)
    except TableError as error:
        # It stops at the first mistake; one column at a time, all are found.
        return tuple(dict.fromkeys(_each(columns, schema, str(error))))
    return ()


def _each(columns: Columns, schema: TableSchema, first: str) -> Iterator[str]:
    there = {folded(name) for name in columns.table.column_names}
    read = [column for column in schema.columns if not isinstance(column, IgnoredColumn)]
    fit = [column for column in read if folded(column.name) in there]
    if len(fit) < len(read) or folded(schema.label.name) not in there:
        yield first  # which names all that are lacking
    if folded(schema.label.name) not in there:
        return
    for column in [*fit, None]:
        one = (column,) if column else ()
        try:
            # Columns are held against it before the label is.
            checked_rows(columns, schema.model_copy(update={"columns": one, "site": ""}))
        except TableError as error:
            yield str(error)
    if schema.site in columns.table.column_names:
        try:
            site_names(distinct(columns, schema.site), schema.missing)
        except TableError as error:
            yield str(error)
