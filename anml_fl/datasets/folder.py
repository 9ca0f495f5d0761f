"""The folder of data files that the environment names."""

from __future__ import annotations

from pathlib import Path

from anml_fl.datasets.table import TableError


def located(folder: str, name: str) -> Path:
    """Find a data file.

    Parameters
    ----------
    folder : str
        What `ANML_DATA_DIR` is set to; empty if it is not.
    name : str

    Raises
    ------
    TableError
        If it is not there.

    Examples
    --------
    >>> located("", "a.csv")
    Traceback (most recent call last):
    anml_fl.datasets.table.TableError: a.csv is not in the folder ANML_DATA_DIR (not set): set
    it to one that holds it; docs/data.md says where it comes from
    """
    path = Path(folder) / name
    if not folder or not path.is_file():
        raise TableError(
            f"{name} is not in the folder ANML_DATA_DIR ({folder or 'not set'}): set it to one"
            " that holds it; docs/data.md says where it comes from"
        )
    return path
