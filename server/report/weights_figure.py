"""The weight of every contributor over the rounds, as a heatmap."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from anml_fl.page.plot import Plot
from server.report.contributor_map import Quantity, contributor_map, omitted

if TYPE_CHECKING:
    from anml_fl.method.records import ContributorRecord
    from anml_fl.run.reading import Run


def weights(run: Run) -> Plot | None:
    """Draw the weight of each contributor over the rounds, a heatmap for each strategy.

    Returns
    -------
    Plot or None
        Attackers above the honest; None if no strategy gave weights.
    """
    groups = {
        strategy.name: (contributor_map(run, strategy, _WEIGHT),)
        for strategy in run.strategies
        if strategy.weighing
    }
    if not groups:
        return None
    chosen = run.lead.name if run.lead.weighing else next(iter(groups))
    return Plot("weights", groups, chosen, thinned=omitted(run))


def _weightless(person: ContributorRecord) -> str | None:
    return None if math.isfinite(person.weight) else person.reason or "no weight recorded"


_WEIGHT = Quantity(
    title="Weight",
    value=lambda person: person.weight,
    mark="no weight",
    crossed=_weightless,
)
