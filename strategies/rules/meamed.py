"""The mean around the median: Xie, Koyejo, Gupta, 2018."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.method.robust.meamed import meamed as around
from strategies.decision import coordinate_wise
from strategies.rules._columns import by_columns
from strategies.rules._lowest import byzantine

if TYPE_CHECKING:
    from strategies.cohort import Cohort
    from strategies.context import Context
    from strategies.decision import Decision


def meamed(cohort: Cohort, context: Context) -> Decision:
    """Average each coordinate's n - f values nearest to its median."""
    f = byzantine(len(cohort.contributors), context.settings)
    return coordinate_wise(cohort, by_columns(cohort.updates, lambda block: around(block, f)))
