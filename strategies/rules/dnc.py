"""Divide and conquer: Shejwalkar, Houmansadr, NDSS 2021."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.method.robust.dnc import dnc as dividing
from strategies.decision import averaged
from strategies.rules._lowest import byzantine

if TYPE_CHECKING:
    from strategies.cohort import Cohort
    from strategies.context import Context
    from strategies.decision import Decision


def dnc(cohort: Cohort, context: Context) -> Decision:
    """Average who stands out in no draw of coordinates, along their first singular vector."""
    f = byzantine(len(cohort.contributors), context.settings)
    return averaged(cohort, dividing(cohort.updates, f, context.rng("dnc")))
