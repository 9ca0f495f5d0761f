"""A contributor's loaders, as its behaviour has them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from anml_fl.federation.own_task.generators import reseed, seeded_generators
from anml_fl.federation.own_task.poisoned_loader import poisoned
from anml_fl.method.threads import one_thread
from anml_fl.seeding import stream

if TYPE_CHECKING:
    from anml_fl.behaviour import Behaviour
    from anml_fl.datasets.prepare import Samples
    from anml_fl.federation.own_task.loaders import Loaders
    from anml_fl.federation.own_task.task import ModuleTask
    from anml_fl.settings.attackers import Attackers


def loaders_behaving(
    task: ModuleTask, contributor: str, acting: Behaviour, attacks: Attackers
) -> Loaders:
    """Give a contributor's loaders, with the samples that its behaviour makes of its own.

    Raises
    ------
    ConfigError
        If there are none, or the behaviour changes samples and the batches cannot be taken
        apart.
    """
    loaders = task.loaders(contributor)
    if acting.samples is None:
        return loaders
    change, rng = acting.samples, stream(task.seed, "loader", contributor)

    def poison(samples: Samples) -> Samples:
        # The stream has no round in it: an attacker's poison is the same in every round.
        return change(samples, stream(task.seed, "behaviour", contributor), attacks)

    with one_thread(), seeded_generators(rng):
        reseed(loaders.train, rng)
        return replace(loaders, train=poisoned(loaders.train, poison, task.module.name))
