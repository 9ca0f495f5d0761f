"""Federated averaging: McMahan, Moore, Ramage, Hampson, Aguera y Arcas, AISTATS 2017."""

from __future__ import annotations

from typing import TYPE_CHECKING

from strategies.decision import averaged

if TYPE_CHECKING:
    from strategies.cohort import Cohort
    from strategies.context import Context
    from strategies.decision import Decision


def fedavg(cohort: Cohort, context: Context) -> Decision:
    """Average everybody by example count."""
    return averaged(cohort)
