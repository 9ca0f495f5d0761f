"""One site's own table, held against a schema that all sites have agreed on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from anml_fl.tables.column_name import folded

if TYPE_CHECKING:
    from anml_fl.tables.columns import Columns
    from anml_fl.tables.schema import TableSchema


def of_one_site(columns: Columns, schema: TableSchema) -> tuple[Columns, TableSchema]:
    """Pass over the column that says whose rows they are: all are this site's.

    Parameters
    ----------
    columns : Columns
        With that column or without it.
    schema : TableSchema

    Returns
    -------
    tuple
        Both without it.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from anml_fl.tables.columns import Columns
    >>> from anml_fl.tables.schema import ClassLabel, NumberColumn, TableSchema
    >>> age = NumberColumn(name="age", low=0, high=130)
    >>> sick = ClassLabel(name="sick", classes=(("0",), ("1",)))
    >>> schema = TableSchema(label=sick, columns=(age,), site="clinic")
    >>> table = pa.table({"age": ["63"], "sick": ["1"], "Clinic": ["north"]})
    >>> columns, alone = of_one_site(Columns("a.csv", table, str), schema)
    >>> columns.table.column_names, alone.site
    (['age', 'sick'], '')
    """
    passed_over = {folded(name) for name in (schema.site, columns.by) if name}
    there = columns.table.column_names
    kept = [name for name in there if folded(name) not in passed_over]
    alone = schema.model_copy(update={"site": ""})
    return replace(columns, table=columns.table.select(kept), by=""), alone
