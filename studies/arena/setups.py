"""The federations in which a rule meets an attack.

Apart from the pairing, so that what a trigger is, or another way of measuring, is no part of
what these depend on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from studies.arena.contender import Contender
from studies.arena.grid import NOBODY_TOLERATED
from studies.arena.setup import NOBODY, Setup
from studies.study import Variant

if TYPE_CHECKING:
    from collections.abc import Callable

    from studies.arena.grid import Deal, Grid

Given = tuple[tuple[str, str], ...]
"""Settings by name, in the order of names."""


def setups_of(
    rule: str, attack: str, given: Given, grid: Grid, deal: Deal
) -> tuple[Variant, ...]:
    """Say how a pairing's federations are configured on one deal, by how many attack.

    Parameters
    ----------
    rule, attack : str
        As the tables call them.
    given : tuple of (str, str)
        Settings that were chosen for the rule.
    grid : Grid
    deal : Deal
    """
    whose, how = Contender(rule), Contender(attack)
    counts = dict.fromkeys(grid.attackers(deal, share) for share in grid.fractions)
    found = []
    for count in (0,) if attack == NOBODY else counts:
        told = count or grid.attackers(deal, NOBODY_TOLERATED)
        setup = Setup(
            rule=whose.name,
            partition=deal.partition,
            contributors=deal.contributors,
            root=deal.root,
            rounds=grid.rounds,
            local_epochs=grid.local_epochs,
            batch_size=grid.batch_size,
            learning_rate=grid.learning_rate,
            attack=how.name,
            attackers=count,
            tolerated=told,
            trim=told / deal.contributors,
            attack_settings=dict(how.settings),
            rule_settings={**dict(given), **whose.settings},
            own_code={**how.own_code, **whose.own_code},
        )
        condition = f"{attack}|{deal.partition}|{deal.contributors}|{count}"
        found.append(Variant(condition, setup, (rule,)))
    return tuple(found)


def variants_of(
    rule: str, attack: str, given: Given, grid: Grid
) -> Callable[[str], tuple[Variant, ...]]:
    """Make the function from a data set to a pairing's federations on it."""

    def variants(dataset: str) -> tuple[Variant, ...]:
        return tuple(
            variant
            for deal in grid.deals
            if deal.dataset == dataset
            for variant in setups_of(rule, attack, given, grid, deal)
        )

    return variants
