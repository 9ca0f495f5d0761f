"""The ceiling that the rules are held against: it is told who is honest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from strategies.decision import Decision, averaged

if TYPE_CHECKING:
    from strategies.cohort import Cohort
    from strategies.context import Context


def oracle(cohort: Cohort, context: Context) -> Decision:
    """Average the honest alone; nobody, if none of them replied."""
    selected = np.array([name in context.honest for name in cohort.contributors])
    if selected.any():
        return averaged(cohort, selected)
    return Decision(
        np.zeros(cohort.rows.shape[1], cohort.rows.dtype),
        np.zeros(selected.size),
        selected,
        note="no honest contributor replied",
    )
