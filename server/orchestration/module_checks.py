"""What a task of one's own must be able to do, tried before anything is written."""

from __future__ import annotations

import math
from contextlib import contextmanager
from typing import TYPE_CHECKING

from anml_fl.catalogue import UnusableError
from anml_fl.federation.module_task import LOSS
from anml_fl.models.state import arrays_of
from anml_fl.settings.section import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anml_fl.federation.module_task import ModuleTask
    from anml_fl.settings.run import RunConfig


def check_module(config: RunConfig, task: ModuleTask) -> None:
    """Try a task's functions: its model, the first contributor's loaders, and its test.

    Where the nodes have the data, only what the server itself needs of them is tried.

    Raises
    ------
    ConfigError
        If one takes what nobody can give, gives what is not understood, or the settings ask of
        the server's tests what these do not say.
    UnusableError
        If one fails: with what it says.
    """
    with _told(task.model):
        model = task.initial_model()
        arrays_of(model)
    loaders = None
    if not task.on_nodes:
        with _told(f"{task.module.name}.load_data"):
            loaders = task.loaders(task.data.names[0])
    # What they take is looked at; nobody trains yet.
    task.train_arguments(model, loaders)
    task.test_arguments(model, None)
    with _told(f"{task.module.name}.test"):
        first = task.first_test(model)
    if first is not None and config.evaluation.metric != LOSS and math.isnan(first.accuracy):
        raise ConfigError(
            f"evaluation.metric: {task.module.name}.test gives a loss and no accuracy: give"
            ' --metric loss, or let it return (loss, accuracy) or {"accuracy": ...}'
        )
    _check_patience(config, task)


def _check_patience(config: RunConfig, task: ModuleTask) -> None:
    chosen = config.evaluation
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


@contextmanager
def _told(called: str) -> Iterator[None]:
    """Say which function failed, whatever its error is."""
    try:
        yield
    except (ConfigError, UnusableError):
        raise
    except Exception as error:
        raise UnusableError(f"{called} failed: {type(error).__name__}: {error}") from error
