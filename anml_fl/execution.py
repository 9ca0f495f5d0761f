"""Carrying a run out on this machine: a composition root, for the command line and Python."""

from __future__ import annotations

import logging
from contextlib import nullcontext
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flwr.common.logger import console_handler

from anml_fl.federation.adoption import adopted, with_table
from anml_fl.federation.data import data_of
from anml_fl.federation.own_partition import partitioned
from anml_fl.federation.own_table import IN_PYTHON, agreed, digest_of, rows_for_testing
from anml_fl.federation.root import with_root
from anml_fl.federation.task import Task
from anml_fl.run.files import SUMMARY
from anml_fl.run.parsing import parsed_once
from anml_fl.run.results import load_run
from anml_fl.settings.reading import from_flat
from anml_fl.settings.run import settings as all_settings
from anml_fl.settings.section import ConfigError
from anml_fl.settings.table import TableSettings
from anml_fl.system.colours import fit_log
from anml_fl.system.near import near
from anml_fl.tables.checking import checked_rows
from anml_fl.tables.enough import enough
from anml_fl.tables.reading.frames import frame_columns
from clients.app import app, client_app
from clients.cohort_round import cohort_of
from server.engines.cohort_grid import grid_in_process
from server.engines.simulation import run_simulation
from server.orchestration.coalition import Again
from server.orchestration.federation import check, run_federation
from server.orchestration.progress import progress_bar
from server.orchestration.run_folder import default_folder, hold, open_run
from server.tracking.beside import tracked
from server.tracking.run_mark import forget_mark

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rich.console import Console

    from anml_fl.datasets.prepare import Partitioned
    from anml_fl.run.parsing import Parse
    from anml_fl.run.results import RunResults
    from anml_fl.settings.run import RunConfig
    from anml_fl.tables.rows import Rows
    from server.orchestration.coalition import Split
    from server.tracking.asked import Asked

_KEYWORDS = ("data", "label", "by", "test", "schema", "out")
# Names that others give to what is called otherwise here.
_MEANT = {"site": "by", "sites": "by", "target": "label"}


def execute(
    config: RunConfig,
    out: Path,
    console: Console | None = None,
    task: Task | None = None,
    split: Split = data_of,
    parse: Parse | None = None,
    trackers: Sequence[Asked] = (),
) -> None:
    """Carry a run out on the engine that its settings name; after a stop, go on with it.

    Parameters
    ----------
    config : RunConfig
    out : Path
        The run's folder.
    console : Console, optional
        Where progress is shown.
    task : Task, optional
        Of data that a program gave; as the settings say by default.
    split : callable
        Settings and contributors to their data: splits them again, where joining's worth is
        asked for.
    parse : callable, optional
        What reads a round's line for others too; from `parsed_once`.
    trackers : sequence of Asked
        Who is told of it as it goes on.
    """
    if config.engine == "deployment":
        raise ConfigError(
            "engine: a deployment is started by `anml up --local` or, in containers, by"
            " `docker compose up`, not by this command; usable here: inline, cohort,"
            " simulation"
        )
    if config.table.on_nodes:
        raise ConfigError(
            "table.data: --schema says what a table must hold, and none is given: add"
            " --data TABLE; or let each site join with its own table, by `anml up --schema`"
        )
    if task is not None and config.engine not in ("inline", "cohort"):
        raise ConfigError(
            f"engine: data of a program can be trained on in its own process alone, got"
            f" {config.engine!r}: write them to a file, or leave engine at inline, or cohort"
        )
    fit_log()
    before = console_handler.level
    console_handler.setLevel(logging.WARNING)
    try:
        check(config, task)
        with hold(out):
            if (out / SUMMARY).exists():
                forget_mark(out)  # it begins anew, and is another run to trackers
            open_run(out, config)
            bar = nullcontext() if console is None else progress_bar(out, config, console)
            with tracked(out, trackers), bar:
                if config.engine == "simulation":
                    run_simulation(config, out)
                else:
                    own = app if task is None else client_app(lambda _: task)
                    grid = grid_in_process(config, own, cohort_of(config, task))
                    run_federation(
                        grid, config, out, task, Again(client_app, split, cohort_of), parse
                    )
    finally:
        console_handler.setLevel(before)


def federate(
    data: Any,
    label: Any = "",
    *,
    by: Any = "",
    test: str | Path = "",
    schema: str | Path = "",
    out: str | Path = "",
    **settings: Any,
) -> RunResults:
    """Train a federation on a table of one's own, in this process, and read what came of it.

    Parameters
    ----------
    data : str, Path, data frame or (n, d) array
        A file or folder as `anml run --data` takes it; or a data frame of pandas, Polars or
        Arrow, or a mapping of arrays, or a matrix.
    label : str or (n,) array
        The column to predict; beside a matrix, its values.
    by : str or (n,) array, optional
        The column that says whose rows they are; beside a matrix, their names.
    test : str or Path, optional
        A table to test on; a fifth of each site's rows by default.
    schema : str or Path, optional
        What the table must hold; found out from it by default.
    out : str or Path, optional
        The run's folder; `runs/NAME` by default.
    **settings
        Any setting of `anml run`, by its name with underscores: `rounds=5`,
        `strategies="fedavg,anml"`, `behaviours={"label_flip": 1}`.

    Returns
    -------
    RunResults
        As `load_run` reads it; the page is in its folder.

    Raises
    ------
    ConfigError
        Naming the setting that cannot be used.
    TableError
        Naming what in the table is not as it must be.

    Examples
    --------
    >>> import numpy as np
    >>> from tempfile import TemporaryDirectory
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(120, 3))
    >>> with TemporaryDirectory() as folder:
    ...     run = federate(
    ...         x, x[:, 0] > 0, by=np.repeat(["a", "b", "c", "d"], 30), out=folder,
    ...         strategies="fedavg", rounds=5,
    ...     )
    >>> list(run.summary.contributors), run.strategies[0].summary.test_error < 0.3
    (['a', 'b', 'c', 'd'], True)
    """
    _refuse_unknown(settings)
    flat = {name.replace("_", "-"): value for name, value in settings.items()}
    paths = {"test": str(test), "schema": str(schema)}
    split: Split = data_of
    if isinstance(data, str | Path):
        named = {"data": str(data), "label": label, "by": by}
        config = adopted(from_flat({**flat, **named, **paths}))
        task = None
    else:
        config, task, split = _of_program(data, label, by, flat, paths)
    where = Path(out) if out else default_folder(config)
    parse = parsed_once()
    execute(config, where, task=task, split=split, parse=parse)
    return load_run(where, parse)


def _refuse_unknown(given: Iterable[str]) -> None:
    """Refuse a keyword that is no setting, with those that come near, as Python has them."""
    places = [name.replace("-", "_") for name, *_ in all_settings()]
    known = list(dict.fromkeys([*_KEYWORDS, *places]))
    for name in given:
        if name in known:
            continue
        close = [_MEANT[name]] if name in _MEANT else near(name, known)
        hint = f"did you mean {' or '.join(close)}?" if close else ""
        raise ConfigError(
            f"unknown keyword {name!r}: {hint or 'it takes the settings of `anml run --help`'}"
            " (with underscores for hyphens)"
        )


def _of_program(
    data: Any, label: Any, by: Any, flat: Mapping[str, Any], paths: Mapping[str, str]
) -> tuple[RunConfig, Task, Split]:
    columns = frame_columns(
        data,
        labels=None if isinstance(label, str) else label,
        sites=None if isinstance(by, str) else by,
    )
    chosen = TableSettings(
        data=IN_PYTHON + type(data).__name__,
        label=label if isinstance(label, str) else "label",
        by=by if isinstance(by, str) else "",
        test=paths["test"],
        root_data=str(flat.get("root-data", "")),
        schema=paths["schema"],
    )
    rows = enough(checked_rows(columns, agreed(columns, chosen)))
    tested = rows_for_testing(chosen, rows.schema)
    said = {n.replace("_", "-"): v for n, v in chosen.model_dump(by_alias=True).items()}
    given = from_flat({**flat, **said})
    known = chosen.model_copy(update={"digest": _digest(rows, digest_of(chosen))})
    config = with_table(given, known, rows)
    sites = config.federation
    dealt = partitioned(
        rows, tested, sites.partition, sites.contributors, sites.leave_out, config.seed
    )
    if comma := [name for name in dealt.names if "," in name]:
        raise ConfigError(
            f"by: {comma[0]!r} has a comma in it, which parts names: call the site otherwise"
        )
    named = from_flat({**config.to_flat(), "names": ",".join(dealt.names)})

    def again(other: RunConfig, members: tuple[str, ...], repeat: int) -> Partitioned:
        return partitioned(
            rows,
            tested,
            sites.partition,
            sites.contributors,
            sites.leave_out,
            other.seed,
            members,
            repeat,
        )

    task = Task(dealt, named.training.model, named.seed, named.evaluation.metric, rows.schema)
    return named, with_root(task, named), again


def _digest(rows: Rows, files: str) -> str:
    """Hash rows that a program gave, and what it read: the same are the same run."""
    found = sha256(files.encode())
    for array in (rows.numbers, rows.codes, rows.labels, rows.holder):
        found.update(f"{array.dtype}{array.shape}".encode())
        found.update(array.tobytes())
    if rows.pixels is not None:
        found.update(rows.pixels.tobytes())
    return found.hexdigest()
