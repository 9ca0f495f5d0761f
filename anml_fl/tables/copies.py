"""Columns whose cells are those of another one in every row."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from anml_fl.tables.distinct import distinct
from anml_fl.tables.profile import can_be_read

if TYPE_CHECKING:
    from anml_fl.tables.columns import Columns

_COMPARED = 100


def copies(columns: Columns, known: tuple[str, ...] = ()) -> dict[str, str]:
    """Name the columns that are another one again, each with the first that is the same.

    Parameters
    ----------
    columns : Columns
    known : tuple of str
        Columns that come before all others, and are copies of none.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from anml_fl.tables.columns import Columns
    >>> table = pa.table({"a": ["1", "2"], "b": ["2", "2"], "c": ["1", "2"]})
    >>> copies(Columns("a.csv", table, str)), copies(Columns("a.csv", table, str), ("c",))
    ({'c': 'a'}, {'a': 'c'})
    """
    table, found = columns.table, {}
    # Of thousands of columns no two are compared whose fingerprints differ.
    firsts: dict[object, list[str]] = {}
    for name in dict.fromkeys([*filter(None, known), *table.column_names]):
        if not can_be_read(table.schema.field(name).type):
            continue
        alike = firsts.setdefault(_fingerprint(columns, name), [])
        same = next((one for one in alike if table[one].equals(table[name])), None)
        if same is None:
            alike.append(name)
        elif name not in known:
            found[name] = same
    return found


def _fingerprint(columns: Columns, name: str) -> object:
    """Hash which rows have the same, and the first that they have."""
    cells = distinct(columns, name)
    firsts = str(cells.values[:_COMPARED].to_pylist())
    return str(cells.values.type), sha256(cells.codes.tobytes()).digest(), firsts
