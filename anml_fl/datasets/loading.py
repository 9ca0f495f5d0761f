"""Loading a data set by name, as plain matrices: features and integer labels."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

from anml_fl.catalogues import DATASETS

if TYPE_CHECKING:
    from anml_fl.datasets.table import Table


def load(name: str) -> Table:
    """Load a data set by name; a second call returns the same arrays, read-only.

    Parameters
    ----------
    name : str
        Of `catalogues.DATASETS`. Wine, Breast Cancer and Digits come with scikit-learn; Adult
        and Covertype from the folder `ANML_DATA_DIR`, or by scikit-learn's fetchers; the
        others from the folder alone.

    Raises
    ------
    ValueError
        If the name is unknown; it lists the known ones.
    OSError
        If the data can be had neither from `ANML_DATA_DIR` nor from the network; a
        `TableError` if they are not what they must be.

    Examples
    --------
    >>> load("wine").features.shape, load("wine").classes
    ((178, 13), 3)
    """
    return _load(DATASETS.check(name), os.environ.get("ANML_DATA_DIR", ""))


@cache
def _load(name: str, folder: str) -> Table:
    table: Table = DATASETS.load(name)(folder)
    for array in (
        table.features, table.labels, table.indicators, table.holder, table.truth, table.items
    ):  # fmt: skip
        if array is not None:
            array.setflags(write=False)
    return table
