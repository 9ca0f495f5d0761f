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
from anml_fl.federation.root_use import needed, root_use
from anml_fl.models.root_set import RootSet
from anml_fl.models.trusted_rows import RootSetError
from anml_fl.settings.section import ConfigError

if TYPE_CHECKING:
    from anml_fl.federation.task import Task
    from anml_fl.settings.run import RunConfig

_GIVE = "give --root N or --root-data FILE, or leave that strategy out"


def with_root(task: Task, config: RunConfig, seed: int | None = None) -> Task:
    """Give a task the root set that its run's settings ask for.

    One is held out where any of the run's strategies uses it, so that all are tested on the
    same rows. `auto` fails for a rule alone that cannot do without: else, where the server can
    spare no rows, the task has none, and its `root_note` says so.

    Parameters
    ----------
    task : Task
        Without a root set.
    config : RunConfig
    seed : int, optional
        By which rows are drawn; the run's by default, which nodes of a deployment know.

    Raises
    ------
    ConfigError
        If rows that are asked for, or that a rule needs, cannot be had, or cannot serve.
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
    seed = config.seed if seed is None else seed
    chosen, file = config.aggregation.root, config.table.root_data
    automatic = chosen == "auto" and not file
    uses = {name: root_use(name) for name in config.strategies}
    needing = ", ".join(name for name, use in uses.items() if needed(use))
    asked = any(uses.values())
    if chosen == "none" or (automatic and not asked):
        why = "none was asked for"
        if needing:
            raise ConfigError(f"strategies: no root set ({why}), needed by {needing}: {_GIVE}")
        return replace(task, root_note=_without(why) if asked else "")
    try:
        if isinstance(task, ModuleTask):
            raise RootSetError(
                f"the task {task.module.name} brings its own data, of which the server has no"
                " rows to hold out; usable: auto, none"
            )
        if file:
            return from_file(task, config, seed)
        if chosen == "donated":
            return with_rows(task, donated(task, config))
        return held_out(task, config, seed)
    except RootSetError as error:
        if automatic and needing:
            raise ConfigError(
                f"strategies: no root set ({error}), needed by {needing}: {_GIVE}"
            ) from None
        if automatic:
            return replace(task, root_note=_without(str(error)))
        setting, value = ("table.root_data", file) if file else ("aggregation.root", chosen)
        raise ConfigError(f"{setting}: {error}, got {value!r}") from None


def _without(why: str) -> str:
    return f"no root set ({why}): {LEAST_PROMISED}"


def root_set(task: Task, config: RunConfig) -> RootSet | None:
    """Give the server's rule its root set; None without one.

    It is trained on in as many steps as a contributor takes that has as many rows.
    """
    rows = task.root
    if rows is None:
        return None
    training = config.training
    steps = training.local_epochs * -(-rows.labels.size // training.batch_size)
    return RootSet(
        task.initial_model(),
        rows.features,
        rows.labels,
        rows.classes,
        config.training.learning_rate,
        rows.about,
        rows.donated,
        rows.needed,
        steps,
    )
