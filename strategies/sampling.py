"""Who is asked of those who are there."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from anml_fl.method.checks import count, number
from anml_fl.seeding import stream

if TYPE_CHECKING:
    from collections.abc import Mapping

# As many as settings take. Fewer could be tried out by whoever sees when it is drawn.
_BITS = 63


class DrawnSeed(int):
    """A seed that nobody gave, and the server alone knows: a run that goes on takes it up."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """Who takes part in a round.

    Parameters
    ----------
    asked : mapping
        Node id to contributor.
    undrawn : tuple of str
        Who could have been asked, and was not to be.
    refused : tuple of str
        Why others take no part.
    notes : tuple of str
        What else there is to say of it.
    """

    asked: Mapping[int, str]
    undrawn: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sampling:
    """How many are drawn, under the names and with the defaults of Flower's FedAvg.

    Parameters
    ----------
    fraction_train : float
        Share of the contributors who are there that a round asks, in [0, 1], but never fewer
        than `min_train_nodes`. With 0 nobody trains.
    fraction_evaluate : float
        The same for testing the round's model; with 0 nobody is asked.
    min_evaluate_nodes : int
        The least that are asked for it, if they are there: nobody is waited for.
    seed : int
        By which they are drawn, together with the round and their identities. By default one
        is drawn for each strategy: whoever could foresee it would know when nobody looks.

    Raises
    ------
    ValueError
        If a number lies outside its range.

    Examples
    --------
    >>> who = {7: "a", 5: "b", 9: "c", 2: "d"}
    >>> chosen = Sampling(fraction_train=0.5, seed=1).to_train(who, 1, least=0)
    >>> len(chosen), chosen == Sampling(0.5, seed=1).to_train(who, 1, least=0)
    (2, True)
    """

    fraction_train: float = 1.0
    fraction_evaluate: float = 1.0
    min_evaluate_nodes: int = 2
    seed: int = field(default_factory=lambda: DrawnSeed(secrets.randbits(_BITS)))

    def __post_init__(self) -> None:
        number("fraction_train", self.fraction_train, 0, 1)
        number("fraction_evaluate", self.fraction_evaluate, 0, 1)
        count("min_evaluate_nodes", self.min_evaluate_nodes)
        count("seed", self.seed)

    def to_train(
        self, present: Mapping[int, str], server_round: int, least: int
    ) -> dict[int, str]:
        """Draw a round's contributors, node id to contributor, of those who are there."""
        if not self.fraction_train:
            return {}
        return self._drawn(present, self.fraction_train, least, (server_round,))

    def to_evaluate(self, present: Mapping[int, str], server_round: int) -> dict[int, str]:
        """Draw those who test a round's model."""
        if not self.fraction_evaluate:
            return {}
        purpose = ("evaluate", server_round)
        return self._drawn(present, self.fraction_evaluate, self.min_evaluate_nodes, purpose)

    def _drawn(
        self,
        present: Mapping[int, str],
        fraction: float,
        least: int,
        purpose: tuple[str | int, ...],
    ) -> dict[int, str]:
        size = min(len(present), max(int(len(present) * fraction), least))
        # By stable identity: node ids are random.
        nodes = sorted(present, key=lambda node: present[node])
        if size < len(nodes):
            generator = stream(self.seed, "sampling", *purpose)
            places = generator.choice(len(nodes), size, replace=False)
            nodes = [nodes[place] for place in sorted(places)]
        return {node: present[node] for node in nodes}
