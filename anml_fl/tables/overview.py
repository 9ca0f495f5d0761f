"""What columns a table has, before anybody says which is to be predicted."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from anml_fl.tables.column_inference import inferred_columns
from anml_fl.tables.schema import BooleanColumn, CategoryColumn, DateColumn, IgnoredColumn

if TYPE_CHECKING:
    from anml_fl.tables.columns import Columns
    from anml_fl.tables.schema import Column

_MOST_CANDIDATES = 8
_MOST_CLASSES = 20
_OFTEN = re.compile(
    r"label|target|outcome|class|y|result|diagnosis|response|survived|churn|default|status",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ColumnOverview:
    """One column.

    Parameters
    ----------
    name : str
    kind : str
    detail : str
        Its values, how many they are, its range, or why it is ignored.
    gaps : bool
    """

    name: str
    kind: str
    detail: str
    gaps: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """A table's columns, and which of them may be the label, the likeliest first."""

    where: str
    rows: int
    columns: tuple[ColumnOverview, ...]
    candidates: tuple[str, ...]

    def facts(self) -> dict[str, Any]:
        """Give it as what JSON holds."""
        return asdict(self)


def overview(columns: Columns, by: str = "") -> Overview:
    """Say what a table's columns are.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from anml_fl.tables.columns import Columns
    >>> table = pa.table({"x": ["1.5", "2", "7"], "sick": ["y", "n", "n"], "t": ["a"] * 3})
    >>> found = overview(Columns("a.csv", table, str))
    >>> [(one.name, one.kind) for one in found.columns], found.candidates
    ([('x', 'number'), ('sick', 'boolean'), ('t', 'ignored')], ('sick', 'x'))
    """
    found = inferred_columns(columns, (by,) if by else ())
    last = found[-1].name if found else ""
    likely = sorted(
        (one for one in found if _may_be_label(one)), key=lambda one: _rank(one, last)
    )
    return Overview(
        where=columns.where,
        rows=columns.table.num_rows,
        columns=tuple(
            ColumnOverview(one.name, one.kind, _detail(one), one.gaps) for one in found
        ),
        candidates=tuple(one.name for one in likely[:_MOST_CANDIDATES]),
    )


def _may_be_label(column: Column) -> bool:
    if column.gaps or isinstance(column, IgnoredColumn | DateColumn):
        return False
    return not isinstance(column, CategoryColumn) or len(column.values) <= _MOST_CLASSES


def _rank(column: Column, last: str) -> tuple[bool, bool, bool]:
    """Put first what is called so, then what stands last, then what has classes."""
    return (
        not _OFTEN.fullmatch(column.name),
        column.name != last,
        not isinstance(column, BooleanColumn | CategoryColumn),
    )


def _detail(column: Column) -> str:
    if isinstance(column, IgnoredColumn):
        return column.why
    if isinstance(column, BooleanColumn):
        return ", ".join(column.values)
    if isinstance(column, CategoryColumn):
        return f"{len(column.values)} values"
    if isinstance(column, DateColumn):
        return f"{column.low} to {column.high}"
    return f"{column.low:g} to {column.high:g}"
