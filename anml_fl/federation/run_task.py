"""The task of a run, as its settings say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.federation.data import data_of
from anml_fl.federation.own_table import schema_of
from anml_fl.federation.own_task.task import ModuleTask
from anml_fl.federation.root import with_root
from anml_fl.federation.task import Task

if TYPE_CHECKING:
    from anml_fl.settings.run import RunConfig


def task_of(config: RunConfig, seed: int | None = None) -> Task:
    """Make the task of a run, as the server has it: with its root set.

    Parameters
    ----------
    config : RunConfig
    seed : int, optional
        By which the root set is drawn: the server's, as of `run.server_seed`; the run's by
        default.

    Raises
    ------
    ConfigError
        If the settings name a task of one's own that is not as it must be.
    ValueError
        As in `anml_fl.datasets.prepare.deal`.
    OSError
        If the data cannot be had, or are not what they must be.

    Examples
    --------
    >>> from anml_fl.settings.run import RunConfig
    >>> task = task_of(RunConfig())
    >>> task.error(task.initial_model()) > 0.5
    True
    """
    return with_root(contributors_task(config), config, seed)


def contributors_task(config: RunConfig) -> Task:
    """Make the task of a run as its contributors have it, who know nothing of a root set.

    Raises
    ------
    ConfigError, ValueError, OSError
        As in `task_of`.
    """
    if config.training.task:
        return ModuleTask.of(config)
    schema = schema_of(config.table) if config.table.own else None
    return Task(
        data_of(config), config.training.model, config.seed, config.evaluation.metric, schema
    )
