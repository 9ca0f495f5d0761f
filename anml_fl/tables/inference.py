"""Finding a schema out from a table: what is a number, a category, or nothing to learn from.

A value of a category stands in a schema only if several rows have it, and ranges are wider
than what was seen: a schema is given to others, and must tell of no single row.
"""

from __future__ import annotations

from collections import Counter
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from anml_fl.datasets.refusal import shown
from anml_fl.datasets.table import TableError
from anml_fl.tables.cell import date_of, number_of
from anml_fl.tables.column_inference import inferred_columns
from anml_fl.tables.label_inference import inferred_label, missing_marks
from anml_fl.tables.profile import profiled
from anml_fl.tables.schema import MISSING, IgnoredColumn, Picture, TableSchema

if TYPE_CHECKING:
    from anml_fl.tables.columns import Columns

MOST_SITES = 1_000_000
"""As many contributors as a federation may have."""

# Of more values than this, each with fewer than two rows, one is a row's and no contributor's.
_MOST_OF_FEW_ROWS = 10_000
_MOST_NAMED = 20
_SHORT = 6


def inferred(columns: Columns, label: str, by: str = "") -> TableSchema:
    """Find a schema out.

    Parameters
    ----------
    label : str
        The column that is to be predicted.
    by : str
        The column that says whose rows they are; else the one that files or folders told.

    Raises
    ------
    TableError
        If a column is not there, the label cannot be predicted as it is, or nothing is left
        to predict it from: saying what to do.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from anml_fl.tables.columns import Columns
    >>> table = pa.table({"age": ["63", "37", "41"], "sick": ["yes", "no", "no"]})
    >>> schema = inferred(Columns("a.csv", table, str), "sick")
    >>> schema.label.classes, [column.kind for column in schema.columns]
    ((('no',), ('yes',)), ['number'])
    """
    names = columns.table.column_names
    if twice := [(name, times) for name, times in Counter(names).items() if times > 1]:
        raise TableError(f"{columns.where}: {twice[0][1]} columns are {twice[0][0]!r}")
    by = by or columns.by
    _named(columns, label, "label")
    if by:
        _named(columns, by, "by")
        _sites(columns, label, by)
    missing = missing_marks(columns, label)
    found = inferred_columns(columns, (label, by), missing)
    picture = None if columns.pixels is None else _picture(columns)
    if picture is None and all(column.kind == "ignored" for column in found):
        why = "; ".join(f"{c.name}: {c.why}" for c in found if isinstance(c, IgnoredColumn))
        raise TableError(
            f"{columns.where}: no column is left to predict {label!r} from"
            + (f" ({why})" if why else "; others are needed beside it")
        )
    return TableSchema(
        label=inferred_label(columns, label, missing),
        site=by,
        missing=missing,
        columns=found,
        picture=picture,
    )


def _sites(columns: Columns, label: str, by: str) -> None:
    if by == label:
        raise TableError(
            f"{columns.where}: {by!r} cannot be both label and by; name two columns"
        )
    if columns.table[by].null_count == columns.table.num_rows:
        raise TableError(f"{columns.where}, column {by}: no row says whose it is")
    sites, rows = profiled(columns, by, MISSING).different, columns.table.num_rows
    if sites > _MOST_OF_FEW_ROWS and rows < 2 * sites:
        raise TableError(
            f"{columns.where}, column {by}: {sites} different values in {rows} rows; by must"
            " name the column that says whose the rows are"
        )
    if sites > MOST_SITES:
        raise TableError(
            f"{columns.where}, column {by}: {sites} different values, and at most"
            f" {MOST_SITES} contributors can be told apart"
        )


def _named(columns: Columns, name: str, what: str) -> None:
    names = columns.table.column_names
    if name in names:
        return
    folded = {one.casefold().strip(): one for one in names}
    same = folded.get(name.casefold().strip())
    # Of a short name a letter is much: death comes near died; but site not near smoker.
    cutoff = 0.42 if len(name) <= _SHORT else 0.6
    near = [same] if same else get_close_matches(name, names, cutoff=cutoff)
    hints = [f"did you mean {' or '.join(map(shown, near))}?"] if near else []
    if len(names) <= _MOST_NAMED and not any(map(_is_value, names)):
        hints.append(f"its columns: {', '.join(names)}")
    elif not near:
        # Without a header its first line is a row, and is not shown.
        hints.append(f"its first line must name its {len(names)} columns")
    raise TableError(
        f"{columns.where}: no column {name!r}, which {what} names; {' '.join(hints)}"
    )


def _is_value(name: str) -> bool:
    return number_of(name) is not None or date_of(name) is not None


def _picture(columns: Columns) -> Picture:
    pixels: Any = columns.pixels
    _, channels, height, width = pixels.shape
    if channels not in (1, 3):
        raise TableError(f"{columns.where}: pictures must have 1 channel or 3, got {channels}")
    return Picture(channels=channels, height=height, width=width)
