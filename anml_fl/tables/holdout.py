"""Keep a fifth of one contributor's rows for testing."""

from __future__ import annotations

import math
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np
from sklearn import config_context
from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit

from anml_fl.seeding import stream
from anml_fl.tables.schema import ClassLabel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anml_fl.tables.rows import Rows

TEST_SHARE = 0.2


def kept_for_testing(rows: Rows, repeat: int = 0) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Part one contributor's rows 80/20, each class alike where there is room for it.

    The rows themselves are the seed. A split that somebody else could choose would give the
    rows away: sums over many splits of the same rows are equations, one unknown a row.

    Parameters
    ----------
    rows : Rows
        The same rows in the same order are parted in the same way, wherever they are.
    repeat : int
        Another split, for comparisons where all rows are in one place; no node asks for one.

    Returns
    -------
    tuple of int arrays
        Indices of the training and of the test rows, each in the order of the rows, and each
        with one at least. A lone row is trained on.

    Examples
    --------
    >>> from anml_fl.tables.rows import Rows
    >>> from anml_fl.tables.schema import ClassLabel, NumberColumn, TableSchema
    >>> schema = TableSchema(
    ...     label=ClassLabel(name="sick", classes=(("0",), ("1",))),
    ...     columns=(NumberColumn(name="age", low=0, high=130),),
    ... )
    >>> ages, labels = np.full((10, 1), 50.0), np.repeat([0, 1], 5)
    >>> nothing, nobody = np.zeros((10, 0), np.int32), np.full(10, -1)
    >>> rows = Rows("a.csv", schema, ages, nothing, labels, (), nobody)
    >>> train, test = kept_for_testing(rows)
    >>> train.size, labels[test].tolist()
    (8, [0, 1])
    """
    everything = np.arange(len(rows.labels))
    if everything.size < 2:
        return everything, everything[:0]
    # `train_test_split` does this too, and checks what it is given first: for a hundred
    # thousand contributors that takes minutes.
    kind = StratifiedShuffleSplit if _has_room(rows) else ShuffleSplit
    seed = int(stream(_number(rows), "holdout", repeat).integers(2**32))
    with config_context(skip_parameter_validation=True):
        splitter = kind(n_splits=1, test_size=TEST_SHARE, random_state=seed)
        train, test = next(splitter.split(everything, rows.labels))
    return np.sort(train), np.sort(test)


def _number(rows: Rows) -> int:
    """Hash rows to a number, the same on every machine."""
    found = sha256()
    arrays = (rows.numbers, rows.codes, rows.labels, rows.pixels)
    for array, kind in zip(arrays, ("<f8", "<i4", "<f8", "u1"), strict=True):
        values = np.empty(0) if array is None else array
        found.update(f"{values.shape}".encode())
        found.update(np.ascontiguousarray(values, dtype=kind).data)
    return int(found.hexdigest(), 16)


def _has_room(rows: Rows) -> bool:
    """Whether each class can stand on both sides, as scikit-learn asks."""
    if not isinstance(rows.schema.label, ClassLabel):
        return False
    _, counts = np.unique(rows.labels, return_counts=True)
    return bool(counts.min() >= 2 and math.ceil(TEST_SHARE * rows.labels.size) >= counts.size)
