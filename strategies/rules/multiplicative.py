"""The product of the four signals (Eq. 1 and 8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.method.combination import multiplicative as product
from strategies.decision import combined

if TYPE_CHECKING:
    from strategies.cohort import Cohort
    from strategies.context import Context
    from strategies.decision import Decision


def multiplicative(cohort: Cohort, context: Context) -> Decision:
    """Weigh by q v r T."""
    signals = cohort.signals
    weighting = product(cohort.q, signals.v, signals.r, signals.T)
    return combined(cohort, weighting, context.settings.fraction)
