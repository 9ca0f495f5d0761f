"""Bucketing: Karimireddy, He, Jaggi, ICLR 2022."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.method.robust.blocks import mixed
from anml_fl.method.robust.bucketing import bucket_means
from anml_fl.method.robust.bucketing import bucketing as buckets
from strategies.pre_aggregation import Mixed

if TYPE_CHECKING:
    from strategies.cohort import Cohort
    from strategies.context import Context


def bucketing(cohort: Cohort, context: Context) -> Mixed:
    """Average random groups of s; the seed and the round say who is with whom."""
    updates = cohort.updates
    groups = buckets(len(updates), context.settings.bucket_size, context.rng("buckets"))
    mixing = bucket_means(groups)
    return Mixed(mixed(mixing, updates), mixing, groups)
