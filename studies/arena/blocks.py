"""The federations that rules are ranked in: a table of errors without gaps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from studies.arena.results import Place, Results

    Floats = NDArray[np.float64]


def worst_cases(results: Results, rules: Sequence[str]) -> Floats:
    """Errors under the worst attack, which each rule has its own: a block a deal, share, seed.

    Parameters
    ----------
    results : Results
    rules : sequence of str

    Returns
    -------
    (blocks, rules) float
        Blocks in which all rules were tried under the same attacks.
    """
    found = []
    for deal in results.deals:
        for count in results.counts(deal):
            places = results.among(deal, count) if count else []
            errors = [_by_seed(results, rules, place) for place in places]
            if errors and all(errors):
                for seed in set.intersection(*(set(one) for one in errors)):
                    found.append(np.max([one[seed] for one in errors], axis=0))
    return np.array(found).reshape(-1, len(rules))


def every_attack(results: Results, rules: Sequence[str], *, attacked: bool) -> Floats:
    """Mean errors over seeds: a block a place, under attack or where nobody attacks."""
    places = [place for place in results.places if bool(place.attackers) == attacked]
    errors = np.array([[results.mean(rule, place) for rule in rules] for place in places])
    errors = errors.reshape(-1, len(rules))
    whole: Floats = errors[~np.isnan(errors).any(axis=1)]
    return whole


def _by_seed(results: Results, rules: Sequence[str], place: Place) -> dict[int, list[float]]:
    """Seed to the errors of all rules; without seeds that a rule lacks."""
    of = [results.by_seed(rule, place) for rule in rules]
    seeds = sorted(set.intersection(*(set(one) for one in of))) if of else []
    return {seed: [one[seed] for one in of] for seed in seeds}
