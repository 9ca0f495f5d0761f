"""Norm clipping and the weighted mean: after Sun, Kairouz, Suresh, McMahan, 2019."""

from __future__ import annotations

from typing import TYPE_CHECKING

from strategies.composition import Composed
from strategies.pre_aggregations.norm_clipping import norm_clipping as clipped
from strategies.rules.fedavg import fedavg

if TYPE_CHECKING:
    from strategies.cohort import Cohort
    from strategies.context import Context
    from strategies.decision import Decision


def norm_clipping(cohort: Cohort, context: Context) -> Decision:
    """Clip every update to the median length, and average: norm_clipping+fedavg, in a word."""
    return Composed((("norm_clipping", clipped),), "fedavg", fedavg)(cohort, context)
