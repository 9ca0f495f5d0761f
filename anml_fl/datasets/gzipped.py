"""Tables that were packed with gzip."""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING

from anml_fl.datasets.reader import read_table
from anml_fl.datasets.table import TableError

if TYPE_CHECKING:
    from pathlib import Path

    from anml_fl.datasets.schema import Schema
    from anml_fl.datasets.table import Table


def read_gzipped(path: Path, schema: Schema) -> Table:
    """Read a gzipped table.

    Raises
    ------
    TableError
        If it is no gzip, cut short, or holds what the schema does not know.
    """
    content = path.read_bytes()
    try:
        content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error):
        # The error would quote the first bytes.
        raise TableError(f"{path} is no whole gzip file: fetch it again") from None
    return read_table(content, str(path), schema)
