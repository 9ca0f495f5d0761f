"""One contributor's share of a round of a task of its own: the module's `train`."""

from __future__ import annotations

from functools import lru_cache
from logging import WARNING
from typing import TYPE_CHECKING

from flwr.common.logger import log

from anml_fl.federation.own_task.generators import reseed, seeded_generators
from anml_fl.federation.own_task.loaders import examples_in
from anml_fl.federation.own_task.returned import refuse_stranger
from anml_fl.models.parts import Parts, values_hash
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
        If `train` takes what nobody can give, or trained another model than it was given; or
        fails in a simulation.
    """
    called = f"{task.module.name}.train"
    rng = stream(task.seed, "training", contributor, str(number))
    given, named = task.train_arguments(model, loaders, number)
    before = values_hash(Parts.of(model).judged)
    with seeded_generators(rng, task.training.device):
        for loader in (loaders.train, loaders.validation, loaders.test):
            reseed(loader, rng)
        model.train()
        with task.telling("train", contributor):
            answer = task.module.train(*given, **named)
        refuse_stranger(model, answer, called)
    rate = task.training.in_round(number).learning_rate
    if rate > 0 and values_hash(Parts.of(model).judged) == before:
        _say_untouched(called, contributor)
    return examples_in(loaders.train, called)


@lru_cache(maxsize=1024)  # once for each contributor
def _say_untouched(called: str, contributor: str) -> None:
    log(
        WARNING,
        "%s changed no trained value of the net for %s: is it the net that it is given that it"
        " trains?",
        called,
        contributor,
    )
