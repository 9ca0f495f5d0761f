"""Adaptive robust clipping: Allouah, Guerraoui, Gupta et al., ICLR 2025."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.method.robust.arc import arc as factors
from anml_fl.method.robust.blocks import lengths
from strategies.pre_aggregation import scaled
from strategies.rules._lowest import byzantine

if TYPE_CHECKING:
    from strategies.cohort import Cohort
    from strategies.context import Context
    from strategies.pre_aggregation import Mixed


def arc(cohort: Cohort, context: Context) -> Mixed:
    """Clip the longest updates, the more of them the more attackers are to be borne."""
    f = byzantine(len(cohort.contributors), context.settings)
    return scaled(cohort, factors(lengths(cohort.updates), f))
