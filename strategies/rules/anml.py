"""ANML: the two-stage gate (Algorithm 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from strategies.decision import combined

if TYPE_CHECKING:
    from strategies.cohort import Cohort
    from strategies.context import Context
    from strategies.decision import Decision


def anml(cohort: Cohort, context: Context) -> Decision:
    """Decide whether v and r can be trusted, then weigh by q, or by q and s = v r."""
    signals, chosen = cohort.signals, context.settings
    return combined(cohort, chosen.gate.weigh(cohort.q, signals.s, signals.T), chosen.fraction)
