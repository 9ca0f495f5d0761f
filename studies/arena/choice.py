"""Which defence to choose: worked out from the results by one rule, for every situation."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from studies.arena.results import UNDEFENDED

if TYPE_CHECKING:
    from collections.abc import Callable

    from studies.arena.grid import Deal
    from studies.arena.results import Results, Worst

AS_GOOD = 0.01
"""Errors no farther apart, in [0, 1], are as good as each other: then the cheaper rule."""


class Choice(NamedTuple):
    """What to choose where up to so many attack, by any of the attacks.

    Parameters
    ----------
    deal : Deal
    attackers : int
        At most.
    rule : str
        The cheapest of those whose worst error is within `AS_GOOD` of the least.
    worst : Worst
        What harms it most, with any number of attackers up to that; nobody among them.
    as_good : tuple of str
        The others within `AS_GOOD`.
    undefended : float
        The worst error with no defence.
    """

    deal: Deal
    attackers: int
    rule: str
    worst: Worst
    as_good: tuple[str, ...]
    undefended: float


def choices(
    results: Results, rules: tuple[str, ...], cost: Callable[[str], float]
) -> list[Choice]:
    """Choose among some rules, for every deal and every number of attackers.

    Parameters
    ----------
    results : Results
    rules : tuple of str
        A rule that was not tried on a deal is not chosen there.
    cost : callable
        Of a rule; nan is dearest.
    """
    found = []
    for deal in results.deals:
        for most in results.counts(deal):
            worst = {rule: up_to(results, rule, deal, most) for rule in rules}
            known = {rule: one for rule, one in worst.items() if not math.isnan(one.error)}
            if not known:
                continue
            least = min(one.error for one in known.values())
            good = [rule for rule, one in known.items() if one.error <= least + AS_GOOD + 1e-9]
            good.sort(key=lambda rule: (_or_dearest(cost(rule)), known[rule].error, rule))
            found.append(
                Choice(
                    deal,
                    most,
                    good[0],
                    known[good[0]],
                    tuple(good[1:]),
                    up_to(results, UNDEFENDED, deal, most).error,
                )
            )
    return found


def up_to(results: Results, rule: str, deal: Deal, most: int) -> Worst:
    """Find what harms a rule most where nobody knows how many attack, up to a number."""
    found = [
        results.worst(rule, deal, count) for count in results.counts(deal) if count <= most
    ]
    known = [one for one in found if not math.isnan(one.error)]
    # A rule that was not tried with as many is not known to withstand them.
    if len(known) < len(found):
        return found[0]._replace(attack="", error=math.nan)
    return max(known, key=lambda one: one.error)


def _or_dearest(cost: float) -> float:
    return math.inf if math.isnan(cost) else cost
