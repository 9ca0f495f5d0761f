"""Krum: Blanchard, El Mhamdi, Guerraoui, Stainer, NeurIPS 2017."""

from __future__ import annotations

from typing import TYPE_CHECKING

from strategies.rules._lowest import lowest

if TYPE_CHECKING:
    from strategies.cohort import Cohort
    from strategies.context import Context
    from strategies.decision import Decision


def krum(cohort: Cohort, context: Context) -> Decision:
    """Pick the one update of the lowest score."""
    return lowest(cohort, 1)
