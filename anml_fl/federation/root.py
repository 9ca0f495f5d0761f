"""The root set of a run: which rows the server trusts, and what is promised without them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from anml_fl.federation.donated import donated
from anml_fl.federation.held_out import held_out
from anml_fl.federation.own_task.task import ModuleTask
from anml_fl.federation.root_checks import with_rows
from anml_fl.federation.root_rows import LEAST_PROMISED
from anml_fl.federation.root_table import from_file
from anml_fl.models.root_set import RootSet
from anml_fl.models.trusted_rows import RootSetError
from anml_fl.settings.section import ConfigError

if TYPE_CHECKING:
    from anml_fl.federation.task import Task
    from anml_fl.settings.run import RunConfig

RULE = "calibrated"
"""The rule that a root set is for."""


def with_root(task: Task, config: RunConfig) -> Task:
    """Give a task the root set that its run's settings ask for.

    `auto` never fails: where the server can spare no rows the task has none, and its
    `root_note` says so.

    Parameters
    ----------
    task : Task
        Without a root set.
    config : RunConfig

    Raises
    ------
    ConfigError
        If rows that are asked for cannot be had, or cannot serve.
    TableError
        If the file of trusted rows is not what the run's schema says.

    Examples
    --------
    >>> from anml_fl.federation.run_task import task_of
    >>> from anml_fl.settings.run import RunConfig
    >>> task = task_of(RunConfig())
    >>> task.root.labels.size, task.data.test.labels.size, task.root.about
    (80, 280, "80 rows of the server's")
    """
    chosen, file = config.aggregation.root, config.table.root_data
    automatic = chosen == "auto" and not file
    if chosen == "none" or (automatic and RULE not in config.strategies):
        asked = RULE in config.strategies
        return replace(task, root_note=_without("none was asked for") if asked else "")
    try:
        if isinstance(task, ModuleTask):
            raise RootSetError(
                f"the task {task.module.name} brings its own data, of which the server has no"
                " rows to hold out; usable: auto, none"
            )
        if file:
            return from_file(task, config)
        if chosen == "donated":
            return with_rows(task, donated(task, config))
        return held_out(task, config)
    except RootSetError as error:
        if automatic:
            return replace(task, root_note=_without(str(error)))
        setting, value = ("table.root_data", file) if file else ("aggregation.root", chosen)
        raise ConfigError(f"{setting}: {error}, got {value!r}") from None


def _without(why: str) -> str:
    return f"no root set ({why}): {LEAST_PROMISED}"


def root_set(task: Task, config: RunConfig) -> RootSet | None:
    """Give the server's rule its root set; None without one."""
    rows = task.root
    if rows is None:
        return None
    return RootSet(
        task.initial_model(),
        rows.features,
        rows.labels,
        rows.classes,
        config.training.learning_rate,
        rows.about,
        rows.donated,
        rows.needed,
    )
