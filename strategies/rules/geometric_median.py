"""The geometric median: Pillutla, Kakade, Harchaoui (RFA), IEEE TSP 2022."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.robust.blocks import weighted_sum
from anml_fl.method.robust.geometric_median import geometric_median as shares_of
from strategies.decision import Decision

if TYPE_CHECKING:
    from strategies.cohort import Cohort
    from strategies.context import Context


def geometric_median(cohort: Cohort, context: Context) -> Decision:
    """Take the point with the least sum of distances, weighted by example factor."""
    shares = shares_of(cohort.updates, cohort.examples)
    update = weighted_sum(shares, cohort.updates).astype(cohort.updates.dtype)
    # Shares are example factors over distances.
    distances = cohort.examples / np.maximum(shares, np.finfo(np.float64).tiny)
    return Decision(update, shares, np.ones(shares.size, dtype=bool)).by(
        "distance from where the updates gather (the median's is 1)",
        distances / np.median(distances),
        more=False,
    )
