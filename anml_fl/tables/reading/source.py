"""A table from wherever it is: a file, a folder, or the Hugging Face hub."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from anml_fl.datasets.table import TableError
from anml_fl.tables.reading.file import read_file
from anml_fl.tables.reading.folder import read_folder
from anml_fl.tables.reading.hugging_face import read_hugging_face

if TYPE_CHECKING:
    from anml_fl.tables.columns import Columns

HUB = "hf:"
"""What the name of a data set of the Hugging Face hub begins with."""


def read_columns(source: str, by: str = "") -> Columns:
    """Read a table, whatever form it has.

    Parameters
    ----------
    source : str
        A file (delimited text, gzip too, Parquet, .npz), a folder with a table a site or with
        pictures, or `hf:` and a folder or name of the Hugging Face hub.
    by : str
        The column that says whose rows they are; a folder's files say it if it is empty.

    Raises
    ------
    TableError
        If there is nothing to read, or what there is cannot be read: saying why, and what
        would be right.
    """
    if source.startswith(HUB):
        return read_hugging_face(source.removeprefix(HUB))
    path = Path(source).expanduser()
    try:
        if path.is_dir():
            return read_folder(path, by)
    except PermissionError:
        raise TableError(
            f"{path}: no permission to read it; who starts the run must be allowed to"
        ) from None
    return read_file(path)
