"""The softmax blend of q and s (Algorithm 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.method.combination import softmax_blend as blend
from strategies.decision import combined

if TYPE_CHECKING:
    from strategies.cohort import Cohort
    from strategies.context import Context
    from strategies.decision import Decision


def softmax_blend(cohort: Cohort, context: Context) -> Decision:
    """Blend the softmax of q with that of s = v r."""
    signals, chosen = cohort.signals, context.settings
    weighting = blend(cohort.q, signals.s, signals.T, chosen.alpha, chosen.tau)
    return combined(cohort, weighting, chosen.fraction)
