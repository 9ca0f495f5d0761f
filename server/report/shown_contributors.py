"""Whom a page shows: everybody, and of very many those whom a round asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from anml_fl.run.reading import Run, StrategyRun

MOST = 10_000
"""Contributors of whom each is shown, asked or not: a row more takes half a kilobyte."""


def shown_contributors(run: Run, strategy: StrategyRun) -> list[str]:
    """Name a run's contributors for a table or figure of a strategy, in the run's order."""
    everybody = list(run.summary.contributors)
    if len(everybody) <= MOST:
        return everybody
    asked = {one.contributor for record in strategy.records for one in record.contributors}
    return [name for name in everybody if name in asked]
