"""Whether rows are enough for a federation to learn from and to be tested on."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.datasets.refusal import listed
from anml_fl.datasets.table import TableError
from anml_fl.tables.schema import ClassLabel

if TYPE_CHECKING:
    from anml_fl.tables.rows import Rows

# One to train on, and one to be tested on.
_LEAST_ROWS = 2


def enough(rows: Rows) -> Rows:
    """Refuse rows that no federation could use; one site's by itself may well be such.

    Returns
    -------
    Rows
        The same.

    Raises
    ------
    TableError
        If there are no rows, all labels are alike, or some site has fewer than two rows.
    """
    n = rows.labels.size
    if not n:
        raise TableError(f"{rows.where}: no rows")
    label = rows.schema.label
    if (rows.labels == rows.labels[0]).all():
        where = f"{rows.where}, column {label.name}: {n} row{'s' if n > 1 else ''}"
        if not isinstance(label, ClassLabel):
            raise TableError(
                f"{where}, and all have the same value; some must have another, or there is"
                " nothing to predict"
            )
        one = int(rows.labels[0])
        others = tuple(chain(*label.classes[:one], *label.classes[one + 1 :]))
        raise TableError(
            f"{where}, and each is {listed(label.classes[one])}; some must be"
            f" {listed(others)}, or nothing can be told apart"
        )
    if rows.sites:
        held = np.bincount(rows.holder[rows.holder >= 0], minlength=len(rows.sites))
        if (few := np.flatnonzero(held < _LEAST_ROWS)).size:
            more = f", and {few.size - 1} more sites have as few" if few.size > 1 else ""
            raise TableError(
                f"{rows.where}: rows of {rows.sites[few[0]]!r}: {held[few[0]]}{more}; a site"
                f" needs {_LEAST_ROWS} at least, to learn from and to be tested on; remove"
                " its rows, or give them to a larger site"
            )
    return rows
