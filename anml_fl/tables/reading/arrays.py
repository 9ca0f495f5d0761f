"""NumPy's files of several arrays (.npz)."""

from __future__ import annotations

import zipfile
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from anml_fl.datasets.table import TableError
from anml_fl.tables.columns import Columns
from anml_fl.tables.reading.typed import as_column, rows_by_number, typed_columns

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def read_arrays(path: Path) -> Columns:
    """Read the arrays of an .npz file: one with an axis is a column, one with two several.

    A matrix `x` becomes the columns `x-0`, `x-1` and so on.

    Raises
    ------
    TableError
        If it is damaged, holds objects, or arrays of different lengths: naming the array.
    """
    try:
        # Not np.load(path): of a file of another kind it would try to unpickle.
        if not zipfile.is_zipfile(path):
            raise zipfile.BadZipFile
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: _array(file, name, path) for name in file.files}
    except (zipfile.BadZipFile, EOFError, KeyError, ValueError, zlib.error):
        raise TableError(
            f"{path} is no whole .npz file: write it again, by np.savez"
        ) from None
    if not arrays:
        raise TableError(f"{path}: no array in it; save features and label with np.savez")
    lengths = {name: len(array) for name, array in arrays.items()}
    first = next(iter(lengths))
    for name, length in lengths.items():
        if length != lengths[first]:
            raise TableError(
                f"{path}, array {name}: {length} rows, but array {first} has"
                f" {lengths[first]}; all must have a value for every row"
            )
    columns = [
        (named, as_column(column, f"{path}, array {name}"))
        for name, array in arrays.items()
        for named, column in _split(name, array)
    ]
    table = pa.table([column for _, column in columns], names=[name for name, _ in columns])
    return Columns(str(path), typed_columns(table, str(path)), rows_by_number)


def _array(file: np.lib.npyio.NpzFile, name: str, path: Path) -> NDArray[np.generic]:
    try:
        array: NDArray[np.generic] = file[name]
    except ValueError as error:
        if "allow_pickle" not in str(error):
            raise
        raise TableError(
            f"{path}, array {name}: it holds Python objects, which could run code; save texts"
            " with a dtype of their own, as by array.astype(str)"
        ) from None
    if not isinstance(array, np.ndarray):
        raise TableError(f"{path}: it holds {name}, which is no array; take it out")
    if array.ndim not in {1, 2}:
        raise TableError(
            f"{path}, array {name}: it has {array.ndim} axes; a column has one (a value a"
            " row), a matrix two"
        )
    if array.dtype.kind == "S":
        # Raised outside of `except`, since the error has a value in it.
        with suppress(UnicodeDecodeError):
            return np.strings.decode(array.astype(np.bytes_), "utf-8")
        raise TableError(f"{path}, array {name}: no UTF-8; save texts by array.astype(str)")
    return array


def _split(name: str, array: NDArray[np.generic]) -> list[tuple[str, NDArray[np.generic]]]:
    if array.ndim == 1:
        return [(name, array)]
    return [(f"{name}-{place}", array[:, place]) for place in range(array.shape[1])]
