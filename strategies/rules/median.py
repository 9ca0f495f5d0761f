"""The coordinate-wise median: Yin, Chen, Kannan, Bartlett, ICML 2018."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from strategies.decision import coordinate_wise
from strategies.rules._columns import by_columns

if TYPE_CHECKING:
    from strategies.cohort import Cohort
    from strategies.context import Context
    from strategies.decision import Decision


def median(cohort: Cohort, context: Context) -> Decision:
    """Take each coordinate's median."""
    return coordinate_wise(
        cohort, by_columns(cohort.rows, lambda block: np.median(block, axis=0))
    )
