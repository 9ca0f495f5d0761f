"""Parquet files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from anml_fl.datasets.table import TableError
from anml_fl.tables.columns import Columns
from anml_fl.tables.reading.typed import rows_by_number, typed_columns

if TYPE_CHECKING:
    from pathlib import Path

MAGIC = b"PAR1"
"""What a Parquet file begins with."""


def read_parquet(path: Path) -> Columns:
    """Read a Parquet file; columns keep their types.

    Raises
    ------
    TableError
        If it is damaged, has no rows, or cells that hold several values.
    """
    try:
        # Not read_table(path), which would look for partitions in the folders' names.
        with path.open("rb") as file:
            table = pq.ParquetFile(file).read()
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.filename:
            raise
        raise TableError(f"{path} is no whole Parquet file: copy or write it again") from None
    return Columns(str(path), typed_columns(table, str(path)), rows_by_number)
