"""One contributor's share of a round of a task of its own: the module's `train`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.federation.own_task.generators import reseed, seeded_generators
from anml_fl.federation.own_task.loaders import examples_in
from anml_fl.federation.own_task.task import refuse_stranger
from anml_fl.seeding import stream

if TYPE_CHECKING:
    from torch import nn

    from anml_fl.federation.own_task.loaders import Loaders
    from anml_fl.federation.own_task.task import ModuleTask


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
