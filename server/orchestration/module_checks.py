"""What settings ask of a task of one's own."""

from __future__ import annotations

import math
from functools import lru_cache
from logging import WARNING
from typing import TYPE_CHECKING

from flwr.common.logger import log

from anml_fl.behaviour import behaviour, behaviour_in_round
from anml_fl.federation.contributors import behaviours_of
from anml_fl.federation.own_task.behaving import loaders_behaving
from anml_fl.federation.own_task.failing import told
from anml_fl.federation.own_task.loaders import tells_apart
from anml_fl.federation.own_task.task import LOSS
from anml_fl.federation.own_task.trial import tried
from anml_fl.settings.section import ConfigError

if TYPE_CHECKING:
    from anml_fl.federation.own_task.task import ModuleTask
    from anml_fl.settings.run import RunConfig

# Of more rounds than these no behaviour is asked.
_ASKED = 1000


def check_module(config: RunConfig, task: ModuleTask) -> None:
    """Refuse a task that cannot do its work, or not what the settings ask of it.

    Raises
    ------
    ConfigError
        Naming the function or the setting, and what would do.
    UnusableError
        As of `own_task.trial.tried`, and if a behaviour fails.
    """
    first, chosen = tried(task), config.evaluation
    if len(task.data.names) > 1 and not tells_apart(task.module):
        _say_alike(task.module.name)
    if first is not None and math.isnan(first.accuracy) and math.isnan(first.loss):
        raise ConfigError(
            f"{task.module.name}.test gives neither a loss nor an accuracy that is a number,"
            " of its first model, got nan: let it return a number of either"
        )
    if first is not None and chosen.metric != LOSS and math.isnan(first.accuracy):
        raise ConfigError(
            f"evaluation.metric: {task.module.name}.test gives a loss and no accuracy: give"
            ' --metric loss, or let it return (loss, accuracy) or {"accuracy": ...}'
        )
    if first is not None and chosen.metric == LOSS and math.isnan(first.loss):
        raise ConfigError(
            f"evaluation.metric: {task.module.name}.test gives an accuracy and no loss, or one"
            " that is no number: leave --metric out"
        )
    if not task.on_nodes:
        _check_behaviours(config, task)
    if not chosen.patience:
        return
    if chosen.best_by == "claims" and not task.claimed:
        raise ConfigError(
            "evaluation.best_by: the contributors' nodes claim nothing where the server tests;"
            " give best_by = server"
        )
    if chosen.best_by == "server" and task.claimed:
        raise ConfigError(
            "evaluation.patience: the server has nothing to test on, so that no round is known"
            f" to be the best, got {chosen.patience}; give best_by = claims, or patience 0, or"
            " the task a load_centralized_dataset"
        )


@lru_cache(maxsize=64)  # settings are checked more than once
def _say_alike(name: str) -> None:
    log(
        WARNING,
        "%s.load_data takes no partition_id: all contributors have the same data",
        name,
    )


def _check_behaviours(config: RunConfig, task: ModuleTask) -> None:
    """Let each behaviour that changes samples change one attacker's: none may fail in a round.

    An attack that cannot be carried out would look like a defence that works.
    """
    rounds = range(1, min(config.training.rounds, _ASKED) + 1)
    attackers = {
        behaviour_in_round(name, number, config.attacks): contributor
        for contributor, name in behaviours_of(config).items()
        for number in rounds
    }
    for name, contributor in attackers.items():
        acting = behaviour(name)
        if acting.samples is None:
            continue
        try:
            with told(f"behaviour {name!r}, on the samples of {contributor},"):
                loaders = loaders_behaving(task, contributor, acting, config.attacks)
                next(iter(loaders.train), None)
        except ConfigError as error:
            raise ConfigError(
                f"federation.behaviours: {name} cannot be carried out at {contributor}:"
                f" {error}"
            ) from error
