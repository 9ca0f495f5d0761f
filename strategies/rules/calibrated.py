"""Calibrated: evidence by kind, the worth of credentials learned, every influence bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.calibrated.calibrate import calibrate
from anml_fl.method.calibrated.memory import Memory
from anml_fl.method.calibrated.observed import Observed
from strategies.decision import Decision

if TYPE_CHECKING:
    from strategies.cohort import Cohort
    from strategies.context import Context

ROOT = "wanted"
"""Of a root set."""


def calibrated(cohort: Cohort, context: Context) -> Decision:
    """Weigh by FedAvg's weight times the posterior that a contributor is to be kept."""
    observed = Observed.of(
        cohort.contributors,
        cohort.updates,
        cohort.examples,
        context.shapes,
        context.root,
        context.signs,
    )
    signals = cohort.signals
    verdict = calibrate(observed, signals.v, signals.r, Memory.of_state(context.state))
    pulls = (verdict.round.damping * verdict.shares * observed.scales).astype(
        cohort.updates.dtype
    )
    # Smaller numbers are rounded up by up to half, and the cap would not hold.
    pulls[np.abs(pulls) < np.finfo(pulls.dtype).tiny] = 0
    return Decision(
        np.asarray(pulls @ cohort.updates),
        verdict.shares,
        verdict.kept,
        note=None if verdict.kept.any() else "the evidence speaks against every contributor",
        state=verdict.memory.to_state(),
        judgements=verdict.contributors,
        judgement=verdict.round,
    )
