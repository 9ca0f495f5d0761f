"""Runs that cannot be carried out: the others go on, and these are told."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from studies.study import Cell, Row, Variant

FAILED = "failed/"
"""Before why a run could not be carried out, in place of what is measured."""

_OF_NO_CELL = -1


def failed_row(cell: Cell, variant: Variant, seed: int, error: BaseException) -> Row:
    """Say in place of a cell's rows why one of its runs could not be carried out.

    Its seed is no cell's, so that the cell counts as not worked out, and is tried again by the
    next command.

    Parameters
    ----------
    cell : Cell
    variant : Variant
        The run's, with one method.
    seed : int
        The run's.
    error : BaseException
    """
    (label,) = variant.methods
    why = f"{variant.condition}, seed {seed}: {type(error).__name__}: {error}"
    row = cell.row(variant, label, f"{FAILED}{why}", math.nan, seed)
    return row._replace(seed=_OF_NO_CELL)


def failure(rows: Sequence[Row]) -> str:
    """Tell why runs could not be carried out: of the first, "" where all were.

    Examples
    --------
    >>> from studies.study import Row
    >>> failure([Row("", "d", "alie|iid|9|2", "r", "failed/of no memory", 0, 0, -1)])
    'of no memory'
    """
    told = (row.metric for row in rows if row.metric.startswith(FAILED))
    return next(told, "").removeprefix(FAILED)
