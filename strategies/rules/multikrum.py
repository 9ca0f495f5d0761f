"""Multi-Krum: Blanchard, El Mhamdi, Guerraoui, Stainer, NeurIPS 2017."""

from __future__ import annotations

from typing import TYPE_CHECKING

from strategies.rules._lowest import byzantine, lowest

if TYPE_CHECKING:
    from strategies.cohort import Cohort
    from strategies.context import Context
    from strategies.decision import Decision


def multikrum(cohort: Cohort, context: Context) -> Decision:
    """Average the n - f updates of the lowest scores."""
    n = len(cohort.contributors)
    return lowest(cohort, max(1, n - byzantine(n, context.settings)))
