"""The search: known attacks first, then CMA-ES from the worst of each knowledge."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from anml_fl.seeding import stream
from studies.redteam.attack import KNOWLEDGE, Attack
from studies.redteam.known_attacks import known_attacks
from studies.redteam.space import attack_at, point_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

# Of the first generation, as a share of each axis; and how many a generation has.
_SIGMA, _POPULATION = 0.2, 6


def search(
    shares: Sequence[float], budget: int, seed: int, harm: Callable[[Attack], float]
) -> Iterator[tuple[Attack, float]]:
    """Try attacks, share after share in turn, and yield each with the harm that it did.

    A larger budget goes on where a smaller one ended: its first attacks are the same.

    Parameters
    ----------
    shares : sequence of float
        Of the contributors that attack.
    budget : int
        Attacks, of all shares together.
    seed : int
    harm : callable
        From an attack to what is to be largest; the same for the same attack.

    Examples
    --------
    >>> found = list(search([0.3], 40, 0, lambda attack: attack.claim))
    >>> found == list(search([0.3], 50, 0, lambda attack: attack.claim))[:40]
    True
    """
    searches = [_of_share(share, seed) for share in shares]
    asked = [next(one) for one in searches]
    for turn in range(budget):
        place = turn % len(shares)
        attack = asked[place]
        found = harm(attack)
        yield attack, found
        asked[place] = searches[place].send(found)


def _of_share(share: float, seed: int) -> Any:
    """Give attacks of one share, sent the harm of each: a generator without an end."""
    worst: dict[str, tuple[float, Attack]] = {}

    def seen(attack: Attack, found: float) -> None:
        if attack.knowledge not in worst or found > worst[attack.knowledge][0]:
            worst[attack.knowledge] = found, attack

    for attack in known_attacks(share):
        seen(attack, (yield attack))
    strategies: dict[str, _Strategy] = {}
    turn = 0
    while True:
        # By turns the knowledge that did most harm, and each of the others.
        knows = max(worst, key=lambda one: worst[one][0])
        if turn % 2:
            knows = KNOWLEDGE[(turn // 2) % len(KNOWLEDGE)]
        turn += 1
        if knows not in strategies:
            strategies[knows] = _Strategy.near(worst[knows][1], seed)
        strategy = strategies[knows]
        points = strategy.ask()
        harms = []
        for point in points:
            attack = attack_at(point, share, knows)
            harms.append((yield attack))
            seen(attack, harms[-1])
        strategy.tell(points, harms)


@dataclass(slots=True)
class _Strategy:
    """CMA-ES (Hansen, Ostermeier, Evolutionary Computation 2001) on the unit cube."""

    search: Any
    told: list[float] = field(default_factory=list)

    @classmethod
    def near(cls, attack: Attack, seed: int) -> _Strategy:
        """Begin at an attack."""
        from cma import CMAEvolutionStrategy  # noqa: PLC0415 - of an extra, and slow to import

        rng = stream(seed, "redteam", "search", attack.to_json())
        options = {
            "bounds": [0.0, 1.0],
            "popsize": _POPULATION,
            "randn": lambda *shape: rng.standard_normal(shape),
            "seed": float("nan"),
            "verbose": -9,
            # It goes on as long as it is asked.
            "maxiter": float("inf"),
            "tolfun": 0,
            "tolfunhist": 0,
            "tolflatfitness": float("inf"),
        }
        start = point_of(attack).clip(0.01, 0.99)
        return cls(CMAEvolutionStrategy(start, _SIGMA, options))

    def ask(self) -> list[Any]:
        """Give the points of a generation, in [0, 1] by axis."""
        return list(self.search.ask())

    def tell(self, points: list[Any], harms: list[float]) -> None:
        """Learn from their harms."""
        self.search.tell(points, [-harm for harm in harms])
