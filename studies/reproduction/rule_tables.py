"""Tables of rules side by side: over all places, and place by place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from studies.reproduction.document import Grid
from studies.reproduction.numbers import interval, plain
from studies.reproduction.rule_places import CEILING, NO_DEFENCE, over, worst

if TYPE_CHECKING:
    from collections.abc import Sequence

    from studies.reproduction.rule_places import Place

WORTH_IT = 0.5
"""Points from which on a rule has saved something."""
_TO_SAVE = 0.6


def rules_of(places: Sequence[Place]) -> tuple[str, ...]:
    """Every method that stands in all places, or in all where there are credentials."""
    return tuple(dict.fromkeys(name for one in places for name in one.errors))


def saving(places: Sequence[Place], method: str) -> tuple[int, int]:
    """Count where a method errs less than no defence, of where there is something to save.

    Returns
    -------
    tuple of int
        Places where it errs at least .5 points less, and places where the attack costs no
        defence more than .6 points.
    """
    hurt = [
        one
        for one in places
        if one.attacked and one.above(NO_DEFENCE, one.ceiling).value > _TO_SAVE
    ]
    saved = [one for one in hurt if one.above(method, NO_DEFENCE).value < -WORTH_IT]
    return len(saved), len(hurt)


def overall_table(places: Sequence[Place]) -> Grid:
    """Sum every rule up over the places.

    Returns
    -------
    Grid
        One row a method; of those that need credentials over the places that have them.
    """
    rows = []
    for method in rules_of(places):
        here = [one for one in places if method in one.errors]
        clean = [one for one in here if not one.attacked]
        attacked = [one for one in here if one.attacked]
        saved, hurt = saving(here, method)
        highest, where = worst(here, method)
        told = [float(np.nanmean(s)) if np.isfinite(s).any() else np.nan for s in (
            np.array([one.share(method, "honest_kept") for one in here]),
            np.array([one.share(method, "attackers_weight") for one in attacked]),
        )]  # fmt: skip
        rows.append(
            (
                method,
                str(len(here)),
                plain(float(np.mean([one.error(method) for one in here])), 1),
                interval(over(here, method), 1),
                f"{plain(highest, 1)} ({where})",
                "—" if method == CEILING else plain(worst(clean, method, NO_DEFENCE)[0], 1),
                f"{saved} of {hurt}",
                "—" if method == CEILING else plain(_behind(here, method), 1),
                *(plain(one, 0) for one in told),
            )
        )
    heads = (
        "Rule",
        "Places*",
        "Error (%)*",
        "Above the oracle*",
        "Worst above the oracle",
        "Worst above fedavg, nobody attacks*",
        "Saves .5 points or more*",
        "Worst above the best other*",
        "Honest kept (%)*",
        "Attackers' weight (%)*",
    )
    return Grid(heads, tuple(rows))


def _behind(places: Sequence[Place], method: str) -> float:
    return max(one.above(method, one.best_other(method)).value for one in places)


def place_table(places: Sequence[Place], method: str) -> Grid:
    """Hold a rule against no defence, the oracle and the best other rule, place by place.

    Parameters
    ----------
    places : sequence of Place
        That have the method.
    method : str
    """
    rows = []
    for one in places:
        best = one.best_other(method)
        ceiling = interval(one.above(method, CEILING), 1) if CEILING in one.errors else "—"
        kept = plain(one.share(method, "honest_kept"), 0)
        weight = plain(one.share(method, "attackers_weight"), 1)
        rows.append(
            (
                one.name,
                *(plain(one.error(name), 1) for name in (NO_DEFENCE, one.ceiling, method)),
                f"{best} {plain(one.error(best), 1)}",
                interval(one.above(method, NO_DEFENCE), 1),
                ceiling,
                interval(one.above(method, best), 1),
                kept,
                weight,
            )
        )
    heads = (
        "Place",
        "fedavg (%)*",
        "oracle (%)*",
        f"{method} (%)*",
        "Best other rule (%)",
        "Less fedavg*",
        "Less oracle*",
        "Less best other*",
        "Honest kept (%)*",
        "Attackers' weight (%)*",
    )
    return Grid(heads, tuple(rows))
