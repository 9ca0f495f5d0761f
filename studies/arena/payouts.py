"""Whom rules pay: the attackers' share, and whether the honest are paid alike again."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from anml_fl.datasets.prepare import NATURAL
from anml_fl.run.rank_correlation import rank_correlation
from studies.arena.results import UNDEFENDED, Place
from studies.arena.setup import NOBODY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from studies.arena.results import Results

FEWEST = 3
"""Contributors whose order says anything."""


class Stability(NamedTuple):
    """How a rule pays, means over all federations where it says whom it pays.

    Parameters
    ----------
    attackers : float
        The attackers' share of what was paid, in [0, 1].
    worst : Place, optional
        Where that is largest, in the mean over seeds.
    most : float
        How large it is there.
    spread : float
        Standard deviation of that share over seeds, mean over places.
    under_attack : float
        Rank correlation, in [-1, 1], of what contributors are paid under attack with what the
        same rule pays the same ones where nobody attacks; the honest alone.
    across_rules : float
        Rank correlation with what FedAvg pays the same contributors, where nobody attacks.
    across_seeds : float
        Rank correlation between seeds where the same contributors take part with what they
        gathered; nan without such data.
    """

    attackers: float
    worst: Place | None
    most: float
    spread: float
    under_attack: float
    across_rules: float
    across_seeds: float


def stability(results: Results, rule: str) -> Stability | None:
    """Measure how stably a rule pays; None for one that has no weights."""
    runs = {
        (place, seed): paid for (r, place, seed), paid in results.paid.items() if r == rule
    }
    if not runs:
        return None
    attacked = {
        place: list(results.by_seed(rule, place, "attackers_paid").values())
        for place in dict.fromkeys(place for place, _ in runs)
        if place.attackers
    }
    means = {place: float(np.mean(shares)) for place, shares in attacked.items()}
    worst = max(means, key=means.__getitem__, default=None)
    return Stability(
        _mean(list(means.values())),
        worst,
        math.nan if worst is None else means[worst],
        _mean([float(np.std(of, ddof=1)) for of in attacked.values() if len(of) > 1]),
        _alike(
            (paid, runs.get((Place(place.deal, NOBODY, 0), seed), {}))
            for (place, seed), paid in runs.items()
            if place.attackers
        ),
        _alike(
            (paid, results.paid.get((UNDEFENDED, place, seed), {}))
            for (place, seed), paid in runs.items()
            if not place.attackers
        ),
        _alike(
            (paid, other)
            for (place, seed), paid in runs.items()
            for (there, later), other in runs.items()
            if there == place and later > seed
            if not place.attackers and place.deal.partition == NATURAL
        ),
    )


def _alike(pairs: Iterable[tuple[Mapping[str, float], Mapping[str, float]]]) -> float:
    """Average the rank correlation of what those are paid who take part in both."""
    found = []
    for one, other in pairs:
        both = [name for name in one if name in other]
        if len(both) >= FEWEST:
            ranks = rank_correlation(
                np.array([one[name] for name in both]),
                np.array([other[name] for name in both]),
            )
            found += [] if ranks is None else [ranks]
    return _mean(found)


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else math.nan
