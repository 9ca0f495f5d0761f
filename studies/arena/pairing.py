"""A rule against an attack: the unit whose results are stored, and bound to the code.

Each pairing is a study of its own, so that its results depend on what its rule, its attack and
the common engine reach, and on no other rule or attack: adding one makes nothing stale.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from studies.arena.contender import Contender
from studies.arena.federation import measured_cell
from studies.arena.setup import NOBODY
from studies.arena.setups import setups_of, variants_of
from studies.arena.trigger import TRIGGERED, measured_with_trigger
from studies.reproduction.document import anchor_of
from studies.study import Cell, Study

if TYPE_CHECKING:
    from collections.abc import Mapping

    from studies.arena.grid import Grid
    from studies.arena.setups import Given


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
    given: Given = ()
    grid: Any = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Be made anew in another process, once for all of its cells."""
        return pairing, (self.rule, self.attack, self.grid, self.given)

    def cells(self) -> list[Cell]:
        """Cut it into cells: all shares of attackers and seeds of one deal."""
        return [
            Cell(
                self.name,
                deal.dataset,
                setups_of(self.rule, self.attack, self.given, self.grid, deal),
                self.grid.seeds,
                0,
            )
            for deal in self.grid.deals
        ]


@cache
def pairing(rule: str, attack: str, grid: Grid, given: Given = ()) -> Pairing:
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
    return Pairing(
        name=_named(rule, attack, given),
        title=f"{rule} under {attack}",
        source="the arena",
        trials={deal.dataset: len(grid.seeds) for deal in grid.deals},
        variants=variants_of(rule, attack, given, grid),
        # What a trigger is, is no part of what other attacks depend on.
        run=measured_with_trigger if Contender(attack).name in TRIGGERED else measured_cell,
        rule=rule,
        attack=attack,
        given=given,
        grid=grid,
    )


def _named(rule: str, attack: str, given: Given) -> str:
    """Name a pairing's files; somebody's own with a digest: a.b:c is not a_b:c."""
    parts = ("arena", rule, *map("=".join, given), attack)
    name = anchor_of("-".join(parts))
    if ":" not in rule + attack:
        return name
    return f"{name}-{sha256('|'.join(parts).encode()).hexdigest()[:8]}"


def pairings(grid: Grid, chosen: Mapping[str, Given] | None = None) -> list[Pairing]:
    """List a grid's pairings: each rule where nobody attacks, then under each attack."""
    given = chosen or {}
    return [
        pairing(rule, attack, grid, given.get(rule, ()))
        for attack in (NOBODY, *grid.attacks)
        for rule in grid.rules
    ]
