"""Norm clipping, to the round's median length: after Sun, Kairouz, Suresh, McMahan, 2019."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.method.robust.blocks import lengths
from anml_fl.method.robust.norm_clipping import norm_clipping as factors
from strategies.pre_aggregation import scaled

if TYPE_CHECKING:
    from strategies.cohort import Cohort
    from strategies.context import Context
    from strategies.pre_aggregation import Mixed


def norm_clipping(cohort: Cohort, context: Context) -> Mixed:
    """Clip every update to the median length."""
    return scaled(cohort, factors(lengths(cohort.updates)))
