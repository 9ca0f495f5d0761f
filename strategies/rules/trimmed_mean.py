"""The trimmed mean: Yin, Chen, Kannan, Bartlett, ICML 2018."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flwr.serverapp.strategy.fedtrimmedavg import trim_mean

from strategies.decision import coordinate_wise
from strategies.rules._columns import by_columns

if TYPE_CHECKING:
    from strategies.cohort import Cohort
    from strategies.context import Context
    from strategies.decision import Decision


def trimmed_mean(cohort: Cohort, context: Context) -> Decision:
    """Average each coordinate without its extremes, as Flower does."""
    trim = context.settings.trim
    return coordinate_wise(
        cohort, by_columns(cohort.rows, lambda block: trim_mean(block, trim))
    )
