"""Norm clipping and the weighted mean: after Sun, Kairouz, Suresh, McMahan, 2019."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from anml_fl.method.robust.blocks import lengths
from anml_fl.method.robust.norm_clipping import norm_clipping as factors
from strategies.composition import handed_back
from strategies.decision import averaged
from strategies.pre_aggregation import scaled
from strategies.rules._measures import LENGTH
from strategies.updates import Updates

if TYPE_CHECKING:
    from strategies.cohort import Cohort
    from strategies.context import Context
    from strategies.decision import Decision


def norm_clipping(cohort: Cohort, context: Context) -> Decision:
    """Clip every update to the median length, and average: norm_clipping+fedavg, in a word."""
    sizes = lengths(cohort.updates)
    clipped = scaled(cohort, factors(sizes))
    found = averaged(replace(cohort, rows=Updates.of(clipped.updates)))
    return handed_back(clipped, found).by(LENGTH, sizes, more=False)
