"""The arena's results as the report asks for them: means over seeds, and worst attacks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from studies.arena.grid import Deal
from studies.arena.measures import PAID
from studies.arena.setup import NOBODY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from studies.arena.table import Line

ORACLE = "oracle"
"""The rule that is told who is honest: what can be reached, and no defence."""

UNDEFENDED = "fedavg"
"""The rule that keeps everybody."""


class Place(NamedTuple):
    """What a rule is tried on: a deal, an attack, and how many attack."""

    deal: Deal
    attack: str
    attackers: int


class Worst(NamedTuple):
    """The attack that harms a rule most, and the mean error over seeds under it."""

    attack: str
    error: float


@dataclass(frozen=True, eq=False)
class Results:
    """All that was measured.

    Parameters
    ----------
    values : mapping
        Rule, place, metric, to seed to value.
    paid : mapping
        Rule, place, seed, to honest contributor to its share of what the run paid.
    """

    values: Mapping[tuple[str, Place, str], Mapping[int, float]]
    paid: Mapping[tuple[str, Place, int], Mapping[str, float]]

    @classmethod
    def of(cls, lines: Iterable[Line]) -> Results:
        """Sort lines of a table by what they are of."""
        values: dict[tuple[str, Place, str], dict[int, float]] = {}
        paid: dict[tuple[str, Place, int], dict[str, float]] = {}
        for line in lines:
            deal = Deal(line.dataset, line.partition, line.contributors)
            place = Place(deal, line.attack, line.attackers)
            kind, slash, name = line.metric.partition("/")
            if f"{kind}{slash}" == PAID:
                paid.setdefault((line.rule, place, line.seed), {})[name] = line.value
            else:
                values.setdefault((line.rule, place, line.metric), {})[line.seed] = line.value
        return cls(values, paid)

    @cached_property
    def rules(self) -> tuple[str, ...]:
        """Every rule, in the order of names."""
        return tuple(sorted({rule for rule, _, _ in self.values}))

    @cached_property
    def defences(self) -> tuple[str, ...]:
        """Every rule that is not told who attacks."""
        return tuple(rule for rule in self.rules if rule.partition(";")[0] != ORACLE)

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """Everything that rules are tried on."""
        return tuple(sorted({place for _, place, _ in self.values}, key=_order))

    @cached_property
    def deals(self) -> tuple[Deal, ...]:
        """Every deal, the least skewed first."""
        return tuple(dict.fromkeys(place.deal for place in self.places))

    @cached_property
    def attacks(self) -> tuple[str, ...]:
        """Every attack."""
        return tuple(sorted({place.attack for place in self.places} - {NOBODY}))

    def counts(self, deal: Deal) -> tuple[int, ...]:
        """How many attack on a deal, 0 among them."""
        return tuple(sorted({one.attackers for one in self.places if one.deal == deal}))

    def by_seed(self, rule: str, place: Place, metric: str = "error") -> Mapping[int, float]:
        """Seed to value; empty where nothing was measured."""
        return self.values.get((rule, place, metric), {})

    def mean(self, rule: str, place: Place, metric: str = "error") -> float:
        """Mean over seeds; nan where nothing was measured."""
        found = list(self.by_seed(rule, place, metric).values())
        return float(np.mean(found)) if found else math.nan

    def among(self, deal: Deal, attackers: int) -> list[Place]:
        """List the places of one deal where so many attack."""
        return [one for one in self.places if one.deal == deal and one.attackers == attackers]

    def worst(self, rule: str, deal: Deal, attackers: int) -> Worst:
        """Find the worst attack of so many attackers, by the mean error over seeds.

        Returns
        -------
        Worst
            nan where nothing was measured; of equal ones the first by name.
        """
        found = [
            Worst(one.attack, self.mean(rule, one)) for one in self.among(deal, attackers)
        ]
        known = [one for one in found if not math.isnan(one.error)]
        return max(known, key=lambda one: one.error, default=Worst("", math.nan))

    def worst_place(self, rule: str, deal: Deal, attackers: int) -> Place:
        """Name the place of the worst attack of so many attackers."""
        return Place(deal, self.worst(rule, deal, attackers).attack, attackers)


_PARTITIONS = ("iid", "dirichlet", "sorted", "natural")


def _order(place: Place) -> tuple[object, ...]:
    kind, _, alpha = place.deal.partition.partition(":")
    skew = -float(alpha) if alpha.replace(".", "").isdigit() else 0.0
    rank = _PARTITIONS.index(kind) if kind in _PARTITIONS else len(_PARTITIONS)
    deal = place.deal
    return deal.dataset, rank, skew, kind, deal.contributors, place.attackers, place.attack
