"""Whom a page shows of many: in its tables everybody, in its maps those who stand out."""

from __future__ import annotations

import math
from statistics import fmean
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from anml_fl.run.reading import Run, StrategyRun

MOST = 10_000
"""Contributors of whom each is shown, asked or not: a row more takes half a kilobyte."""
EACH = 20
"""Contributors of a band of those who stand out."""
MOST_DRAWN = 3 * EACH
"""Contributors up to whom each has a row in a map; of more, three bands."""


def shown_contributors(run: Run, strategy: StrategyRun) -> list[str]:
    """Name a run's contributors for a table or figure of a strategy, in the run's order."""
    everybody = list(run.summary.contributors)
    if len(everybody) <= MOST:
        return everybody
    asked = {one.contributor for record in strategy.records for one in record.contributors}
    return [name for name in everybody if name in asked]


def standing_out(values: Mapping[str, Sequence[float]], each: int = EACH) -> list[list[str]]:
    """Find who has the most, who changed most, and who has the least.

    Parameters
    ----------
    values : mapping of str to sequence of float
        A contributor's numbers over the rounds; nan where there is none.
    each : int
        At most so many of each.

    Returns
    -------
    list of list of str
        The most by their mean, from the top; of the others who moved most between their
        least and their greatest number; of the rest the least, down to the last. Nobody
        stands twice, and nobody without a number.

    Examples
    --------
    >>> held = {"a": [5.0, 5.0], "b": [2.0, 2.0], "c": [1.0, 4.0], "d": [1.0, 1.0], "e": []}
    >>> standing_out(held, each=1)
    [['a'], ['c'], ['d']]
    """
    found = {
        name: finite
        for name, of_one in values.items()
        if (finite := [value for value in of_one if math.isfinite(value)])
    }
    means = {name: fmean(of_one) for name, of_one in found.items()}
    order = sorted(found, key=lambda name: (-means[name], name))
    most = order[:each]
    moved = sorted(
        order[each:], key=lambda name: (min(found[name]) - max(found[name]), means[name], name)
    )[:each]
    rest = [name for name in order[each:] if name not in set(moved)]
    return [most, sorted(moved, key=order.index), rest[-each:]]
