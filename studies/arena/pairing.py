"""A rule against an attack: the unit whose results are stored, and bound to the code.

Each pairing is a study of its own, so that its results depend on what its rule, its attack and
the common engine reach, and on no other rule or attack: adding one makes nothing stale.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from studies.arena.contender import Contender
from studies.arena.federation import measured_cell
from studies.arena.grid import NOBODY_TOLERATED
from studies.arena.setup import NOBODY, Setup
from studies.reproduction.document import anchor_of
from studies.study import Cell, Study, Variant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from studies.arena.grid import Deal, Grid


@dataclass(frozen=True, slots=True, eq=False)
class Pairing(Study):
    """A study of one rule under one attack, or where nobody attacks.

    Parameters
    ----------
    rule, attack : str
        As the tables call them.
    given : tuple of (str, str)
        Settings of the rule that were chosen for it, beside its own.
    grid : Grid
    """

    rule: str = ""
    attack: str = ""
    given: tuple[tuple[str, str], ...] = ()
    grid: Any = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Be made anew in another process, once for all of its cells."""
        return pairing, (self.rule, self.attack, self.grid, self.given)

    def cells(self) -> list[Cell]:
        """Cut it into cells: all shares of attackers and seeds of one deal."""
        return [
            Cell(self.name, deal.dataset, self.setups(deal), self.grid.seeds, 0)
            for deal in self.grid.deals
        ]

    def setups(self, deal: Deal) -> tuple[Variant, ...]:
        """Say how its federations are configured on one deal, by the number of attackers."""
        grid: Grid = self.grid
        rule, attack = Contender(self.rule), Contender(self.attack)
        nobody = self.attack == NOBODY
        counts = dict.fromkeys(grid.attackers(deal, share) for share in grid.fractions)
        found = []
        for count in (0,) if nobody else counts:
            told = count or grid.attackers(deal, NOBODY_TOLERATED)
            setup = Setup(
                partition=deal.partition,
                contributors=deal.contributors,
                root=deal.root,
                rounds=grid.rounds,
                local_epochs=grid.local_epochs,
                batch_size=grid.batch_size,
                learning_rate=grid.learning_rate,
                attack=attack.name,
                attackers=count,
                tolerated=told,
                trim=told / deal.contributors,
                attack_settings=dict(attack.settings),
                rule_settings={**dict(self.given), **rule.settings},
                own_code={**attack.own_code, **rule.own_code},
            )
            condition = f"{self.attack}|{deal.partition}|{deal.contributors}|{count}"
            found.append(Variant(condition, setup, (self.rule,)))
        return tuple(found)


@cache
def pairing(
    rule: str, attack: str, grid: Grid, given: tuple[tuple[str, str], ...] = ()
) -> Pairing:
    """Make the study of a rule under an attack.

    Parameters
    ----------
    rule, attack : str
        As `contender.Contender` reads them; the attack may be `setup.NOBODY`.
    grid : Grid
        Its deals, shares and seeds; its lists of rules and attacks do not matter.
    given : tuple of (str, str)
        Settings of the rule that were chosen for it.

    Examples
    --------
    >>> from studies.arena.grid import GRIDS
    >>> one = pairing("krum", "label_flip", GRIDS["quick"])
    >>> len(one.cells()), one.cells()[0].variants[0].condition
    (2, 'label_flip|iid|20|4')
    """

    def variants(dataset: str) -> tuple[Variant, ...]:
        deals = [deal for deal in grid.deals if deal.dataset == dataset]
        return tuple(variant for deal in deals for variant in made.setups(deal))

    made = Pairing(
        name=anchor_of("-".join(("arena", rule, *map("=".join, given), attack))),
        title=f"{rule} under {attack}",
        source="the arena",
        trials={deal.dataset: len(grid.seeds) for deal in grid.deals},
        variants=variants,
        run=measured_cell,
        rule=rule,
        attack=attack,
        given=given,
        grid=grid,
    )
    return made


def pairings(
    grid: Grid, chosen: Mapping[str, tuple[tuple[str, str], ...]] | None = None
) -> list[Pairing]:
    """List a grid's pairings: each rule where nobody attacks, then under each attack."""
    given = chosen or {}
    return [
        pairing(rule, attack, grid, given.get(rule, ()))
        for attack in (NOBODY, *grid.attacks)
        for rule in grid.rules
    ]
