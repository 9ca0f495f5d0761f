"""MNIST by writer: LeCun, Cortes, Burges; Yadav, Bottou: Cold case, NeurIPS 2019."""

from __future__ import annotations

import numpy as np

from anml_fl.datasets.archive import Array, read_arrays
from anml_fl.datasets.folder import located
from anml_fl.datasets.images import IMAGES, pictures
from anml_fl.datasets.schema import LARGEST
from anml_fl.datasets.table import Table, TableError


def mnist_writers(folder: str) -> Table:
    """Read MNIST's digits of 180 writers: 90 employees, and 90 students, who write worse.

    Parameters
    ----------
    folder : str
        Holds `mnist_by_writer_180.npz`.

    Returns
    -------
    Table
        Contributors are called `employee-NUMBER` or `student-NUMBER`.

    Raises
    ------
    TableError
        If the file is not there, or not as described.
    """
    path = located(folder, "mnist_by_writer_180.npz")
    found = read_arrays(
        path,
        *IMAGES,
        Array("writer", ("image",), "iu", 0, LARGEST),
        Array("hsf", ("image",), "iu", 0, 4),
    )
    numbers, first, holder = np.unique(found["writer"], return_index=True, return_inverse=True)
    kind = found["hsf"][first][holder.ravel()]
    if (odd := ~np.isin(found["hsf"], (0, 4)) | (found["hsf"] != kind)).any():
        place = int(odd.argmax())
        raise TableError(
            f"{path}, array hsf: must be 0 or 4, the same for all of a writer's images, got"
            f" {found['hsf'][place]} at [{place}]"
        )
    return pictures(
        path,
        found,
        contributors=tuple(
            f"{'student' if found['hsf'][i] == 4 else 'employee'}-{n:04d}"
            for i, n in zip(first, numbers, strict=True)
        ),
        holder=holder.astype(np.int64).ravel(),
    )
