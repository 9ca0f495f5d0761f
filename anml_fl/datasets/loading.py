"""Loading a data set by name, as plain matrices: features and integer labels."""

from __future__ import annotations

import os
from functools import cache

from anml_fl.catalogue import UnusableError, is_own, shown_kind
from anml_fl.datasets.table import Table, checked, well_formed
from anml_fl.plugins import DATASETS


def load(name: str) -> Table:
    """Load a data set by name; a second call returns the same arrays, read-only.

    Parameters
    ----------
    name : str
        Of `plugins.DATASETS`. Wine, Breast Cancer and Digits come with scikit-learn; Adult
        and Covertype from the folder `ANML_DATA_DIR`, or by scikit-learn's fetchers; the
        others from the folder alone.

    Raises
    ------
    ValueError
        If the name is unknown; it lists the known ones. Or if it stands for what gives no
        `Table`.
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
    source = DATASETS.load(name)
    if not callable(source):
        raise UnusableError(
            f"data set {name!r} must be a function from the folder of data files to an"
            f" anml_fl.datasets.table.Table, got {shown_kind(source)}"
        )
    table = source(folder)
    if not isinstance(table, Table):
        raise UnusableError(
            f"data set {name!r} must give an anml_fl.datasets.table.Table, got"
            f" {shown_kind(table)}"
        )
    if is_own(name):
        checked(name, well_formed(name, table))
    for array in (
        table.features, table.labels, table.indicators, table.holder, table.truth, table.items
    ):  # fmt: skip
        if array is not None:
            array.setflags(write=False)
    return table
