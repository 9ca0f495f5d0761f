"""Settings of a run that a table or a task of one's own fills in, where they say nothing."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING

from anml_fl.datasets.prepare import NATURAL
from anml_fl.federation.own_table import HUB, IN_PYTHON, digest_of, own_table
from anml_fl.federation.own_task.module import default_of, takes, task_module
from anml_fl.federation.own_task.task import LOSS, ModuleTask
from anml_fl.federation.own_task.trial import tried
from anml_fl.federation.table_epochs import table_epochs
from anml_fl.models.metrics import METRICS, SEEN_OF
from anml_fl.settings.federation import HONEST
from anml_fl.settings.reading import from_flat
from anml_fl.settings.run import ORACLE
from anml_fl.settings.section import ConfigError
from anml_fl.settings.training import FILE, Training
from anml_fl.tables.schema import ClassLabel

if TYPE_CHECKING:
    from anml_fl.federation.own_task.module import TaskModule
    from anml_fl.settings.run import RunConfig
    from anml_fl.settings.table import TableSettings
    from anml_fl.tables.rows import Rows
    from anml_fl.tables.schema import TableSchema


def adopted(config: RunConfig) -> RunConfig:
    """Fill in what a table or a task of one's own says of a run, where its settings do not.

    A table's sites take part, as they are; nobody attacks; the registry knows nobody. Paths
    become absolute, and a table's hash is kept: a run that goes on finds the same or none.

    Raises
    ------
    ConfigError
        If settings of a table are given without one, or do not fit it; or the task is not as
        it must be.
    """
    chosen = config.table
    if config.training.task:
        return with_task(config)
    if not chosen.own:
        if said := [n for n in ("label", "by", "test", "root_data") if getattr(chosen, n)]:
            raise ConfigError(
                f"{said[0]}: says something of a table of your own, and none is given: add"
                " --data TABLE"
                + ("; for rows of a shipped data set say --root N" * (said[0] == "root_data"))
            )
        return config
    if chosen.on_nodes or chosen.digest:
        return config
    placed = chosen.model_copy(
        update={
            "data": _absolute(chosen.data),
            "test": _absolute(chosen.test),
            "root_data": _absolute(chosen.root_data),
            "schema_file": _absolute(chosen.schema_file),
        }
    )
    # Hashed first: files that have changed since are read anew.
    placed = placed.model_copy(update={"digest": digest_of(placed)})
    return with_table(config, placed, own_table(placed).rows)


def with_table(config: RunConfig, chosen: TableSettings, rows: Rows) -> RunConfig:
    """Lay what a table says over a run's settings, where these say nothing."""
    schema = rows.schema
    given, there = config.federation.model_fields_set, bool(rows.sites)
    said: dict[str, object] = {
        **config.to_flat(),
        "data": chosen.data,
        # As they were said: files that tell sites have no such column, and both are hashed.
        "label": chosen.label,
        "by": chosen.by,
        "test": chosen.test,
        "root-data": chosen.root_data,
        "schema": chosen.schema_file,
        "digest": chosen.digest,
    }
    if "partition" not in given and (there or schema.site):
        said["partition"] = NATURAL
    if "contributors" not in given and said["partition"] == NATURAL:
        left = len(rows.sites) - (config.federation.leave_out in rows.sites)
        said["contributors"] = max(left, 1)
    said |= _of_strangers(config, int(str(said["contributors"])))
    if "name" not in config.model_fields_set:
        said["name"] = _run_name(chosen.data)
    said["metric"] = _metric(config, schema)
    found = from_flat(said)
    if "local_epochs" in config.training.model_fields_set:
        return found
    return from_flat({**said, "local-epochs": table_epochs(found, rows)})


def with_task(config: RunConfig) -> RunConfig:
    """Lay what a task says over a run's settings, where these say nothing.

    Its file's path becomes absolute. What its functions have as defaults for epochs, learning
    rate and batch size is said so; and a task that gives no accuracy is scored by its loss.
    """
    training = config.training
    if training.task.endswith(FILE):
        training = training.model_copy(update={"task": _absolute(training.task)})
    module = task_module(training)
    said: dict[str, object] = {
        **config.to_flat(),
        "task": training.task,
        **_of_strangers(config, config.federation.contributors),
    }
    said |= _of_functions(training, module)
    if "name" not in config.model_fields_set:
        said["name"] = _run_name(training.task_name)
    found = from_flat(said)
    if "metric" in config.evaluation.model_fields_set:
        return found
    tested = tried(ModuleTask.of(found))
    only_loss = tested is not None and math.isnan(tested.accuracy)
    return from_flat({**said, "metric": LOSS if only_loss else ""})


def _of_functions(training: Training, module: TaskModule) -> dict[str, object]:
    """Take a task's own defaults over; refuse a setting that none of its functions takes."""
    said: dict[str, object] = {}
    if training.schedule != "constant" and not takes([module.train], "lr"):
        raise ConfigError(
            f"training.schedule: train of {module.name} takes no learning rate, so that it"
            f" must be constant, got {training.schedule!r}"
        )
    # Whose default counts comes first.
    for setting, meant, asked in (
        ("local_epochs", "epochs", (module.train, module.load_data)),
        ("learning_rate", "lr", (module.train, module.load_data)),
        ("batch_size", "batch_size", (module.load_data, module.train)),
    ):
        name, value = setting.replace("_", "-"), getattr(training, setting)
        defaults = [default_of(function, meant) for function in asked]
        found = next((one for one in defaults if one is not None), None)
        if setting not in training.model_fields_set and found is not None:
            said[name] = found
        if value != Training.model_fields[setting].default and not takes(asked, meant):
            raise ConfigError(
                f"training.{setting}: neither load_data nor train of {module.name} takes"
                f" {meant}, so that --{name} means nothing: leave it out, got {value!r}"
            )
    return said


def _of_strangers(config: RunConfig, contributors: int) -> dict[str, object]:
    """Say of people who bring data of their own: nobody attacks, and nobody is known."""
    said: dict[str, object] = {}
    if set(config.federation.behaviours) <= {HONEST}:
        said["behaviours"] = f"honest={contributors}"
        if "strategies" not in config.model_fields_set:
            # Where nobody attacks, who trains on the honest alone trains on all.
            said["strategies"] = [name for name in config.strategies if name != ORACLE]
    if "scenario" not in config.federation.model_fields_set:
        said["scenario"] = "unknown"
    return said


def _metric(config: RunConfig, schema: TableSchema) -> str:
    """Choose r2 for values where nothing is chosen; refuse what does not fit the label."""
    name = config.evaluation.metric
    values = not isinstance(schema.label, ClassLabel)
    if not name:
        return "r2" if values else ""
    fitting = [n for n, one in METRICS.items() if one.sees in SEEN_OF[values]]
    if name not in fitting:
        kind = "a number" if values else f"one of {schema.classes} classes"
        raise ConfigError(
            f"evaluation.metric: the label is {kind}, which {name!r} does not score; usable:"
            f" {', '.join(fitting)}"
        )
    return name


def _absolute(source: str) -> str:
    if not source or source.startswith(IN_PYTHON):
        return source
    if source.startswith(HUB):
        name, mark, split = source.removeprefix(HUB).partition("#")
        # A name of the hub stays one, unless there is a folder of that name.
        return f"{HUB}{Path(name).resolve() if Path(name).is_dir() else name}{mark}{split}"
    path = Path(source).expanduser()
    if path.is_symlink() and not path.exists():
        # Where it leads to is not what was asked for; it is refused where it is read.
        return str(path.absolute())
    return str(path.resolve())


def _run_name(source: str) -> str:
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", Path(source.rpartition(":")[2]).name)
    stem = re.sub(r"(\.(csv|tsv|txt|gz|parquet|pq|npz))+$", "", name, flags=re.IGNORECASE)
    return stem.strip("._-")[:64] or "table"
