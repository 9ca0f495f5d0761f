"""Comparative gradient elimination: Gupta, Liu, Vaidya, 2021."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.method.robust.blocks import lengths
from anml_fl.method.robust.cge import cge as shortest
from strategies.decision import averaged
from strategies.rules._lowest import byzantine
from strategies.rules._measures import LENGTH

if TYPE_CHECKING:
    from strategies.cohort import Cohort
    from strategies.context import Context
    from strategies.decision import Decision


def cge(cohort: Cohort, context: Context) -> Decision:
    """Average the n - f shortest updates."""
    f = byzantine(len(cohort.contributors), context.settings)
    sizes = lengths(cohort.updates)
    return averaged(cohort, shortest(sizes, f)).by(LENGTH, sizes, more=False)
