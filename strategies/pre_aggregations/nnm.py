"""Nearest-neighbour mixing: Allouah, Farhadkhani, Guerraoui et al., AISTATS 2023."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.method.distances import squared_distances
from anml_fl.method.robust.blocks import mixed
from anml_fl.method.robust.nnm import nnm as neighbours
from strategies.pre_aggregation import Mixed
from strategies.rules._lowest import byzantine

if TYPE_CHECKING:
    from strategies.cohort import Cohort
    from strategies.context import Context


def nnm(cohort: Cohort, context: Context) -> Mixed:
    """Make of each update the mean of the n - f nearest to it."""
    updates = cohort.updates
    mixing = neighbours(squared_distances(updates), byzantine(len(updates), context.settings))
    return Mixed(mixed(mixing, updates), mixing)
