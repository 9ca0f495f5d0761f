"""How often a contributor goes over its rows of a table in a round, where nobody says it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.datasets.prepare import NATURAL
from anml_fl.tables.holdout import TEST_SHARE

if TYPE_CHECKING:
    from anml_fl.settings.run import RunConfig
    from anml_fl.tables.rows import Rows

_STEPS, _ROWS, _MOST = 8, 80, 10


def table_epochs(config: RunConfig, rows: Rows) -> int:
    """Choose local epochs by the rows that a contributor trains on: of sites the median one's.

    Parameters
    ----------
    config : RunConfig
        That says how rows are dealt out.
    rows : Rows
    """
    kept = 1.0 if config.table.test else 1.0 - TEST_SHARE
    sites = config.federation
    if sites.partition == NATURAL and rows.sites:
        each = float(np.median(np.bincount(rows.holder, minlength=len(rows.sites))))
    else:
        each = rows.labels.size / sites.contributors
    return epochs_for(kept * each, config.training.batch_size)


def epochs_for(rows: float, batch_size: int) -> int:
    """Choose local epochs: 8 steps, or one epoch for each 80 rows if that is more; 1 to 10.

    Ten epochs over a hundred rows learn in two rounds what there is to learn, and after that
    what only those rows have: then each update makes the common model worse, and nobody can
    tell by it whose labels are right. Of thousands of rows they do no harm.

    Parameters
    ----------
    rows : float
        That a contributor trains on.
    batch_size : int

    Examples
    --------
    >>> [epochs_for(rows, 32) for rows in (24, 80, 160, 320, 800)]
    [8, 3, 2, 4, 10]
    """
    steps = math.ceil(max(rows, 1.0) / batch_size)
    return min(_MOST, max(1, round(max(_STEPS / steps, rows / _ROWS))))
