"""One round at a contributor: its samples, its training, its update, each as it behaves."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.behaviour import behaviour, behaviour_in_round
from anml_fl.federation.changed_samples import changed_samples
from anml_fl.federation.contributors import behaviours_of
from anml_fl.federation.own_task.behaving import loaders_behaving
from anml_fl.federation.own_task.task import ModuleTask
from anml_fl.method.threads import one_thread
from anml_fl.models.parts import Parts
from anml_fl.models.state import arrays_as, arrays_of
from anml_fl.seeding import stream
from anml_fl.settings.federation import HONEST
from anml_fl.settings.section import ConfigError
from anml_fl.streams import streams
from clients.judged_vector import arrays_with, vector_of
from clients.module_training import train_by_module
from clients.sight import attackers_of, sight_of
from clients.training import train

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from anml_fl.behaviour import Behaviour
    from anml_fl.datasets.prepare import Samples
    from anml_fl.federation.task import Task
    from anml_fl.settings.run import RunConfig

    Arrays = Mapping[str, NDArray[Any]]

# From so many on their streams are opened sooner at once than one by one.
_MANY = 20


@dataclass(frozen=True, slots=True)
class LocalRound:
    """A round as contributors have it: the same global model for all of them.

    Parameters
    ----------
    config : RunConfig
    task : Task
    number : int
        From 1.
    model : mapping
        Name to array: the global model.
    """

    config: RunConfig
    task: Task
    number: int
    model: Arrays

    def reply_of(self, contributor: str, name: str) -> tuple[Arrays, int]:
        """Train as a behaviour has it.

        Parameters
        ----------
        contributor : str
            Stable identity.
        name : str
            Its behaviour in the run.

        Returns
        -------
        tuple
            The arrays that it sends, and on how many samples it trained.

        Raises
        ------
        ConfigError
            If an attacker wants to see the others' updates where there is no simulation; or a
            behaviour gives no samples, or no update of the model's shape.
        """
        arrays, examples = self.trained(contributor, name)
        return self.sent(contributor, name, arrays), examples

    def acting(self, name: str) -> Behaviour:
        """Look up how a contributor of a behaviour acts in this round."""
        attacks = self.config.attacks
        return behaviour(behaviour_in_round(name, self.number, attacks))

    def samples_of(self, contributor: str, name: str) -> Samples:
        """Take the samples that a contributor trains on, as its behaviour has them.

        Raises
        ------
        ConfigError
            If the behaviour gives no samples, or others than can be trained on.
        """
        config, acting = self.config, self.acting(name)
        samples = self.held_by(contributor)
        if acting.samples is None:
            return samples
        # The stream has no round in it: an attacker's poison is the same in every round.
        rng = stream(config.seed, "behaviour", contributor)
        return changed_samples(acting, samples, name, rng, config.attacks)

    def held_by(self, contributor: str) -> Samples:
        """Find the samples that a contributor holds."""
        data = self.task.data
        return data.parts[data.names.index(contributor)]

    @property
    def judged(self) -> tuple[str, ...]:
        """Name what is judged, in the model's order, as it is before anybody trains."""
        return tuple(Parts.of(self.task.initial_model()).judged)

    def order_of(self, contributor: str) -> np.random.Generator:
        """Open the stream that a contributor's samples are ordered by in this round."""
        return stream(self.config.seed, *self._order(contributor))

    def orders_of(self, contributors: Sequence[str]) -> list[np.random.Generator]:
        """Open those of several contributors, see `order_of`."""
        orders = [self._order(name) for name in contributors]
        if len(orders) < _MANY:
            return [stream(self.config.seed, *one) for one in orders]
        return streams(self.config.seed, orders)

    def _order(self, contributor: str) -> tuple[str, str, str]:
        return "training", contributor, str(self.number)

    def trained(self, contributor: str, name: str) -> tuple[Arrays, int]:
        """Train the global model on what a contributor holds, as its behaviour has it.

        Returns
        -------
        tuple
            The arrays that came of it, and on how many samples it trained.
        """
        config, task = self.config, self.task
        if isinstance(task, ModuleTask):
            loaders = loaders_behaving(task, contributor, self.acting(name), config.attacks)
            with one_thread():
                model = task.model_of(self.model)
                examples = train_by_module(task, model, loaders, contributor, self.number)
            return arrays_as(model, self.model), examples
        samples = self.samples_of(contributor, name)
        with one_thread():
            model = task.model_of(self.model)
            settings = config.training.in_round(self.number)
            train(model, samples, settings, self.order_of(contributor))
        return arrays_as(model, self.model), int(samples.labels.size)

    def sent(self, contributor: str, name: str, arrays: Arrays) -> Arrays:
        """Turn what a contributor trained into what it sends, as its behaviour has it.

        Raises
        ------
        ConfigError
            If an attacker wants to see the others' updates where there is no simulation; or a
            behaviour gives no update of the model's shape.
        """
        acting = self.acting(name)
        if acting.update is None:
            return arrays
        judged = self.judged
        sight = sight_of(self, contributor)
        update = acting.update(vector_of(arrays, judged) - sight.model, sight)
        if np.shape(update) != sight.model.shape:
            raise ConfigError(
                f"behaviour {name!r} must give an update of shape {sight.model.shape},"
                f" got {np.shape(update)}"
            )
        return arrays_with(sight.model + update, arrays, judged)

    def once(self, what: str, make: Callable[[], NDArray[Any]]) -> NDArray[Any]:
        """Work out once what all of a round's attackers share; nobody can change it."""
        known = self.known()
        if what not in known:
            known[what] = np.asarray(make())
            known[what].setflags(write=False)
        return known[what]

    def known(self) -> dict[str, NDArray[Any]]:
        """Find what the round's attackers share: kept of the last one in this process."""
        digest = sha256(f"{self.config.to_toml()}{self.number}".encode())
        for array in self.model.values():
            digest.update(np.ascontiguousarray(array).data)
        return _known(digest.hexdigest())

    def _honest_updates(self) -> NDArray[Any]:
        """Train the honest contributors, as they do it themselves; once for all attackers."""
        if self.config.engine == "deployment":
            raise ConfigError(
                "behaviours: one that sees the others' updates needs all of their data, which"
                " a simulation alone has; usable engines: inline, cohort, simulation; or give"
                " attacks.knowledge = own"
            )
        attackers = frozenset(attackers_of(self.config, self.number))
        honest = {n: b for n, b in behaviours_of(self.config).items() if n not in attackers}
        return self.once("honest", lambda: self._updates(honest))

    def own_updates(self, contributor: str) -> NDArray[Any]:
        """Train honestly on the attackers' own samples: (f, d), once for all of them.

        They collude. One whose data are on its own node has nobody's but its own.
        """
        task = self.task
        alone = isinstance(task, ModuleTask) and task.on_nodes
        attackers = [] if alone else attackers_of(self.config, self.number)
        together = [name for name in attackers if name in task.data.names]
        honest = dict.fromkeys(together or [contributor], HONEST)
        return self.once("own", lambda: self._updates(honest))

    def _updates(self, behaviours: Mapping[str, str]) -> NDArray[Any]:
        """Train some contributors: their updates (m, d)."""
        judged = self.judged
        before = vector_of(self.model, judged)
        rows = [
            vector_of(self.reply_of(contributor, name)[0], judged) - before
            for contributor, name in behaviours.items()
        ]
        return np.stack(rows) if rows else np.empty((0, before.size), before.dtype)

    def moved(self) -> NDArray[Any]:
        """Subtract the first round's model from this one's."""
        judged = self.judged
        first = vector_of(arrays_of(self.task.initial_model()), judged)
        moved: NDArray[Any] = vector_of(self.model, judged) - first
        return moved


@lru_cache(maxsize=1)
def _known(digest: str) -> dict[str, NDArray[Any]]:
    """Keep what is known of the one round that attackers are in at a time."""
    return {}
