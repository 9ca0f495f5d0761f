"""The attackers of a federation: their samples, what they send a round, what they can show."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.federation.held_out import by_class
from anml_fl.federation.root import root_set
from anml_fl.federation.root_rows import RootRows
from anml_fl.federation.simulated_registry import credentials_drawn, simulated_registry
from anml_fl.method.threads import one_thread
from anml_fl.models.trusted_rows import LEAST_OF_A_CLASS, RootSetError
from anml_fl.seeding import stream
from clients.training import train
from studies.redteam.coalition import View, sent
from studies.redteam.poison import poisoned, together
from studies.redteam.setting import ROOT_ROWS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from anml_fl.datasets.prepare import Samples
    from anml_fl.models.root_set import RootSet
    from anml_fl.registry.memory import InMemoryRegistry
    from studies.redteam.attack import Attack
    from studies.redteam.setting import Ground
    from studies.redteam.trial import Trial

    Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Attackers:
    """Who attacks a federation, and how.

    Parameters
    ----------
    attack : Attack
    ground : Ground
    """

    attack: Attack
    ground: Ground

    @property
    def names(self) -> tuple[str, ...]:
        """By stable identity."""
        order = self.ground.order
        return tuple(sorted(order[: self.attack.attackers(len(order))]))

    @property
    def rows(self) -> Samples:
        """What they hold together, rightly labelled."""
        return together([self._own(name) for name in self.names])

    def registry(self) -> InMemoryRegistry:
        """Fill the registry: the honest as in the moderate scenario, these as they buy."""
        config = self.ground.config
        registry = simulated_registry(
            config, dict.fromkeys(self.ground.task.data.names, "honest")
        )
        for name in self.names:
            rng = stream(config.seed, "redteam", "credentials", name)
            v, r = 1.0, 1.0
            if self.attack.credentials != "bought":
                honest = self.attack.credentials == "honest"
                v, r = credentials_drawn(config.federation.scenario, honest, rng)
            registry.standings[name] = replace(registry.standings[name], v=v, r=r)
        return registry

    def examples(self, name: str) -> int:
        """Claim an example count."""
        return round(self._own(name).labels.size * self.attack.claim)

    def root(self) -> RootSet | None:
        """Take for the server's root set what they know of it: the true one, or own rows."""
        ground = self.ground
        if self.attack.knows_root:
            return root_set(ground.task, ground.config)
        held = self.rows
        order = stream(ground.config.seed, "redteam", "root").permutation(held.labels.size)
        own = held.take(by_class(held.labels, ROOT_ROWS, order))
        # Classes of which they hold a row or none are not looked at.
        counts = np.bincount(own.labels, minlength=own.classes)
        needed = tuple(np.flatnonzero(counts >= LEAST_OF_A_CLASS).tolist())
        rows = RootRows(
            own.features, own.labels, own.classes, "of the attackers'", False, needed
        )
        try:
            return root_set(replace(ground.task, root=rows), ground.config)
        except RootSetError:
            return None  # too few: they take the rule for one without

    def updates(
        self,
        number: int,
        model: Arrays,
        own: NDArray[Any],
        others: NDArray[Any],
        trial: Trial | None,
    ) -> NDArray[Any]:
        """Make what they send in a round: (k, d), in the order of `names`.

        Parameters
        ----------
        number : int
            From 1.
        model : mapping
            Name to array: the global model.
        own : (k, d) array
            What they would send if they were honest.
        others : (m, d) array
            Of the honest.
        trial : callable, optional
            As in `coalition.View`.
        """
        config, attack = self.ground.config, self.attack
        if not attack.acts(number, config.training.rounds):
            return own
        view = View(
            own=own,
            trained=lambda: (
                own
                if attack.labels == "none"
                else np.stack([self._trained(name, number, model) for name in self.names])
            ),
            others=lambda: others,
            trial=trial,
            rng=stream(config.seed, "redteam", "round", number),
        )
        return sent(attack, view).astype(own.dtype)

    def _own(self, name: str) -> Samples:
        data = self.ground.task.data
        return data.parts[data.names.index(name)]

    def _trained(self, name: str, number: int, arrays: Arrays) -> NDArray[Any]:
        """Train the global model on one's poison."""
        config, task, attack = self.ground.config, self.ground.task, self.attack
        right = task.root if attack.knows_root and task.root is not None else self._own(name)
        # The stream has no round in it: the poison is the same in every round.
        rng = stream(config.seed, "redteam", "poison", name)
        samples = poisoned(self._own(name), attack, self.rows, right, rng)
        with one_thread():
            model = task.model_of(arrays)
            order = stream(config.seed, "training", name, str(number))
            train(model, samples, config.training.in_round(number), order)
        trained = dict(model.named_parameters())
        return np.concatenate(
            [
                trained[key].detach().numpy().ravel() - before.ravel()
                for key, before in arrays.items()
            ]
        )
