"""One contributor's share of a round of a task of its own: the module's `train`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from anml_fl.federation.own_task.generators import reseed, seeded_generators
from anml_fl.federation.own_task.loaders import examples_in
from anml_fl.federation.own_task.task import refuse_stranger
from anml_fl.method.threads import one_thread
from anml_fl.seeding import stream
from clients.poisoned_loader import poisoned

if TYPE_CHECKING:
    from torch import nn

    from anml_fl.behaviour import Behaviour
    from anml_fl.datasets.prepare import Samples
    from anml_fl.federation.own_task.loaders import Loaders
    from anml_fl.federation.own_task.task import ModuleTask
    from anml_fl.settings.attacks import Attacks


def loaders_behaving(
    task: ModuleTask, contributor: str, acting: Behaviour, attacks: Attacks
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


def train_by_module(
    task: ModuleTask, model: nn.Module, loaders: Loaders, contributor: str, number: int
) -> int:
    """Train a model in place by the module's own loop.

    Parameters
    ----------
    task : ModuleTask
    model : torch.nn.Module
    loaders : Loaders
        The contributor's.
    contributor : str
        Stable identity.
    number : int
        The round, from 1.

    Returns
    -------
    int
        On how many examples.

    Raises
    ------
    ConfigError
        If `train` takes what nobody can give, or trained another model than it was given.
    """
    called = f"{task.module.name}.train"
    rng = stream(task.seed, "training", contributor, str(number))
    given, named = task.train_arguments(model, loaders, number)
    with seeded_generators(rng, task.training.device):
        for loader in (loaders.train, loaders.validation, loaders.test):
            reseed(loader, rng)
        model.train()
        refuse_stranger(model, task.module.train(*given, **named), called)
    return examples_in(loaders.train, called)
