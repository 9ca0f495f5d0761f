"""Hold a table against a schema: every cell is checked, a mistake is told with its place."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.datasets.refusal import shown
from anml_fl.datasets.table import TableError
from anml_fl.tables.categories import category_codes, class_codes
from anml_fl.tables.distinct import distinct
from anml_fl.tables.measured import measured
from anml_fl.tables.rows import MISSING, Rows
from anml_fl.tables.schema import ClassLabel, IgnoredColumn, Scaled
from anml_fl.tables.site_names import site_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from anml_fl.tables.columns import Columns
    from anml_fl.tables.schema import TableSchema

_LISTED = 15


def checked_rows(columns: Columns, schema: TableSchema) -> Rows:
    """Read a table as its schema has it, and refuse what the schema does not allow.

    A category that is not known is no mistake, nor is a missing value where the schema expects
    no gaps; both are noted. Columns that the schema does not name are not read; those that it
    names are found in another case too. Where its site column is not there, nothing says whose
    rows they are: `sites` is empty.

    Parameters
    ----------
    columns : Columns
    schema : TableSchema

    Returns
    -------
    Rows

    Raises
    ------
    TableError
        If a column lacks, a cell is no such value or out of range, a label or a site is
        missing, or pictures have another size: naming place, column, the one value if it looks
        like one, and what would be right.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from anml_fl.tables.columns import Columns
    >>> from anml_fl.tables.schema import NumberColumn, TableSchema
    >>> schema = TableSchema(
    ...     label=ClassLabel(name="sick", classes=(("0",), ("1", "2"))),
    ...     columns=(NumberColumn(name="age", low=0, high=130, absent=(0,)),),
    ...     missing=("?",),
    ... )
    >>> table = pa.table({"age": ["63", "0", "630"], "sick": ["2", "0", "1.0"]})
    >>> columns = Columns("a.csv", table.slice(0, 2), lambda row: f"line {row + 2}")
    >>> rows = checked_rows(columns, schema)
    >>> rows.numbers.tolist(), rows.labels.tolist()
    ([[63.0], [nan]], [1, 0])
    >>> checked_rows(Columns("a.csv", table, lambda row: f"line {row + 2}"), schema)
    Traceback (most recent call last):
    anml_fl.datasets.table.TableError: a.csv, line 4, column age: must be a number from 0 to
    130, or missing (?), got '630'
    """
    names = _names(columns, schema)
    n = columns.table.num_rows
    scaled = sum(isinstance(column, Scaled) for column in schema.columns)
    numbers = np.empty((n, scaled), dtype=np.float64)
    codes = np.empty((n, len(schema.chosen)), dtype=np.int32)
    notes: list[str] = []
    number = choice = 0
    for column in schema.columns:
        if isinstance(column, IgnoredColumn):
            continue
        cells = distinct(columns, names[column.name])
        unknown = 0
        if isinstance(column, Scaled):
            numbers[:, number] = measured(cells, column, schema.missing)
            missing = int(np.isnan(numbers[:, number]).sum())
            number += 1
        else:
            codes[:, choice] = category_codes(cells, column, schema.missing)
            missing = int((codes[:, choice] == MISSING).sum())
            unknown = int((codes[:, choice] == len(column.values)).sum())
            choice += 1
        notes += [
            f"{columns.where}, column {cells.name}: {note}"
            for note in _odd(n, missing, unknown, column.gaps)
        ]
    cells = distinct(columns, names[schema.label.name])
    labels: NDArray[np.int64] | NDArray[np.float64]
    if isinstance(schema.label, ClassLabel):
        labels = class_codes(cells, schema.label)
    else:
        labels = measured(cells, schema.label, None)
    sites: tuple[str, ...] = ()
    holder = np.full(n, -1, dtype=np.int64)
    if schema.site in names:
        sites, holder = site_names(distinct(columns, names[schema.site]), schema.missing)
    return Rows(
        where=columns.where,
        schema=schema,
        numbers=numbers,
        codes=codes,
        labels=labels,
        sites=sites,
        holder=holder,
        pixels=_pixels(columns, schema),
        notes=tuple(notes),
    )


def _names(columns: Columns, schema: TableSchema) -> dict[str, str]:
    """Find what the table calls the schema's columns."""
    wanted = [c.name for c in schema.columns if not isinstance(c, IgnoredColumn)]
    wanted.append(schema.label.name)
    there = columns.table.column_names
    found: dict[str, str] = {}
    exact: dict[str, list[str]] = {}
    folded: dict[str, list[str]] = {}
    for one in there:
        exact.setdefault(one, []).append(one)
        folded.setdefault(one.strip().casefold(), []).append(one)
    for name in [*wanted, *([schema.site] if schema.site else [])]:
        # Exactly so, or else in another case.
        same = exact.get(name) or folded.get(name.strip().casefold(), [])
        if len(same) > 1:
            raise TableError(f"{columns.where}: column {name} is there {len(same)} times")
        if same:
            found[name] = same[0]
    if lacking := [name for name in wanted if name not in found]:
        # Without a header the first line is a row: of it only what is all but a name is shown.
        near = get_close_matches(lacking[0], [one for one in there if one not in wanted], n=2)
        others = f", nor {_some(lacking[1:])}" if lacking[1:] else ""
        meant = f" (is it {' or '.join(map(shown, near))}?)" if near else ""
        raise TableError(
            f"{columns.where}: no column {lacking[0]}{meant}{others}; the schema needs"
            f" {_some(wanted)}, in any order"
        )
    return found


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more


def _odd(rows: int, missing: int, unknown: int, gaps: bool) -> Iterator[str]:
    if rows and missing == rows:
        yield "no row has a value"
    elif missing and not gaps:
        yield f"{missing} of {rows} rows have no value, which the schema expects of none"
    if unknown:
        yield f"{unknown} of {rows} rows have a value that the schema does not know"


def _pixels(columns: Columns, schema: TableSchema) -> NDArray[np.uint8] | None:
    if (wanted := schema.picture) is None:
        return None
    size = (wanted.channels, wanted.height, wanted.width)
    if columns.pixels is None:
        raise TableError(
            f"{columns.where}: the schema is one of pictures, and no pictures are here"
        )
    if columns.pixels.shape[1:] != size:
        got, right = (" x ".join(map(str, one)) for one in (columns.pixels.shape[1:], size))
        raise TableError(
            f"{columns.where}: pictures must be {right} (channels, height, width), got {got}"
        )
    return columns.pixels
