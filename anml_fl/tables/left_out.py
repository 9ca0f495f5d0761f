"""Which columns nothing is learned from, and why: said before a run begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.tables.schema import IgnoredColumn

if TYPE_CHECKING:
    from anml_fl.tables.schema import TableSchema

_LISTED = 8
_LONGEST = 100


def left_out(schema: TableSchema) -> str:
    """Name the columns that are left out, each with its reason; empty if none is.

    Examples
    --------
    >>> from anml_fl.tables.schema import ClassLabel, NumberColumn, TableSchema
    >>> schema = TableSchema(
    ...     label=ClassLabel(name="sick", classes=(("0",), ("1",))),
    ...     columns=(
    ...         NumberColumn(name="age", low=0, high=130),
    ...         IgnoredColumn(name="id", why="identifies rows"),
    ...     ),
    ... )
    >>> left_out(schema)
    'left out: id (identifies rows)'
    """
    told = [
        f"{column.name} ({(column.why or 'the schema says so')[:_LONGEST]})"
        for column in schema.columns
        if isinstance(column, IgnoredColumn)
    ]
    more = f", and {len(told) - _LISTED} more" if len(told) > _LISTED else ""
    return f"left out: {', '.join(told[:_LISTED])}{more}" if told else ""
