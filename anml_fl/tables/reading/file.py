"""One file as columns: which form it has is found out from its content."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

from anml_fl.datasets.table import TableError
from anml_fl.tables.reading.arrays import read_arrays
from anml_fl.tables.reading.delimited import read_delimited
from anml_fl.tables.reading.parquet import MAGIC, read_parquet
from anml_fl.tables.reading.regular import naming, regular
from anml_fl.tables.reading.text import as_utf8, unpacked

if TYPE_CHECKING:
    from pathlib import Path

    from anml_fl.tables.columns import Columns

# What an address begins with, as part of a path.
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")

SUFFIXES = (".csv", ".tsv", ".tab", ".txt", ".parquet", ".pq", ".npz")
"""What a table's file is called by; text may have `.gz` behind it."""


def read_file(path: Path) -> Columns:
    """Read a table from a file: delimited text (packed or not), Parquet or NumPy arrays.

    Raises
    ------
    TableError
        If it is not there, no regular file, may not be read, is no table, or a damaged one.
    """
    try:
        with naming(regular(path)):
            return _read(path)
    except FileNotFoundError:
        raise not_there(path) from None
    except PermissionError:
        raise TableError(
            f"{path}: no permission to read it; who starts the run must be allowed to"
        ) from None


def _read(path: Path) -> Columns:
    with path.open("rb") as file:
        start = file.read(len(MAGIC))
    if path.suffix.lower() == ".npz":
        return read_arrays(path)
    if start == MAGIC or path.suffix.lower() in {".parquet", ".pq"}:
        return read_parquet(path)
    return read_delimited(_text(path), str(path), lambda: _text(path))


def not_there(path: Path) -> TableError:
    """Say that a file is not there, and what is there under a name like it."""
    if any(_SCHEME.fullmatch(part) for part in path.parts):
        return TableError(
            "an address is no file, and nothing is fetched from one: save the table on this"
            " machine, and give its path (the address is not shown: it may hold a password)"
        )
    folder = path.parent
    if not folder.is_dir():
        return TableError(f"{path} is not there, nor the folder {folder}")
    names = sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))
    near = get_close_matches(path.name, names, n=3, cutoff=0.7)
    hint = (
        f"did you mean {' or '.join(near)}?" if near else "give the path of a file or folder"
    )
    return TableError(f"{path} is not there; {hint}")


def _text(path: Path) -> bytes:
    return as_utf8(unpacked(path.read_bytes(), str(path)), str(path))
