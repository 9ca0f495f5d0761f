"""A run: the same federation trained under one strategy after the other."""

from __future__ import annotations

import math
import time
from importlib.util import find_spec
from logging import INFO, WARNING
from typing import TYPE_CHECKING, Any

import torch
from flwr.common.logger import log
from threadpoolctl import threadpool_limits

from anml_fl.behaviour import behaviour, behaviour_in_round
from anml_fl.federation.contributors import behaviours_of
from anml_fl.federation.own_task.task import ModuleTask
from anml_fl.federation.run_task import task_of
from anml_fl.federation.simulated_registry import credentials_drawn
from anml_fl.method.threads import one_thread
from anml_fl.run.code_hash import code_hash
from anml_fl.run.files import SCHEMA
from anml_fl.run.manifest import Manifest
from anml_fl.run.own_code import own_code
from anml_fl.run.parsing import parsed_once
from anml_fl.run.server_seed import kept_seed
from anml_fl.seeding import stream
from anml_fl.settings.run import APP
from anml_fl.settings.section import ConfigError
from anml_fl.system.files import write_whole
from anml_fl.tables.schema_file import schema_text
from server.orchestration.common_scale import Asking, common_scale, on_scale
from server.orchestration.data_checks import check_data, undefined_metric
from server.orchestration.database_retry import retried
from server.orchestration.ledger_key import signing_key
from server.orchestration.measured import measured_of
from server.orchestration.model_checks import check_model
from server.orchestration.registry_signals import database
from server.orchestration.round_loop import Training, run_strategy
from server.orchestration.run_folder import close_run, finished, open_run
from server.orchestration.settlement import Settlement, check_pool, run_id
from server.orchestration.worth import check_worth, write_worth
from server.report.page import write_report
from strategies.agreement import agreement
from strategies.identity import ByKey, ByPartition
from strategies.rule import named_rule
from strategies.sampling import DrawnSeed

if TYPE_CHECKING:
    from pathlib import Path

    from flwr.serverapp import Grid
    from sqlalchemy import Engine

    from anml_fl.federation.task import Task
    from anml_fl.run.parsing import Parse
    from anml_fl.settings.run import RunConfig
    from server.orchestration.coalition import Again
    from strategies.identity import Roster

# Simulated nodes register within moments of each other: after this long without a
# newcomer the run starts with those that are there.
_SETTLED = 5.0
_PATIENCE = 60.0
# Flower starts a simulation's processes when its nodes are first asked something.
_STARTUP = 600.0
_POLL = 0.2
# In so many first rounds it is looked up what a behaviour that changes leads to.
_ASKED = 1000


def run_federation(
    grid: Grid,
    config: RunConfig,
    out: Path,
    task: Task | None = None,
    again: Again | None = None,
    parse: Parse | None = None,
) -> dict[str, Any]:
    """Train under every strategy that has not finished yet; write the results and their page.

    Parameters
    ----------
    grid, config, out, task, again
        As of `train_federation`, which see.
    parse : callable, optional
        What reads a round's line for others too; from `parsed_once`.

    Returns
    -------
    dict
        As of `train_federation`, which see.
    """
    parse = parse or parsed_once()
    summary = train_federation(grid, config, out, task, again, parse)
    log(INFO, "report: %s", write_report(out, parse=parse).resolve())
    return summary


def train_federation(
    grid: Grid,
    config: RunConfig,
    out: Path,
    task: Task | None = None,
    again: Again | None = None,
    parse: Parse | None = None,
) -> dict[str, Any]:
    """Train under every strategy that has not finished yet, and write the results.

    Parameters
    ----------
    grid : Grid
        Any of Flower's, or the inline one.
    config : RunConfig
    out : Path
        The run's folder.
    task : Task, optional
        Of data that a program gave; as the settings say by default.
    again : Again, optional
        What trains on other splits; needed where the settings ask whether joining is worth it.
    parse : callable, optional
        What reads a round's line for others too; from `parsed_once`.

    Returns
    -------
    dict
        The summary, as in `summary.json`.

    Raises
    ------
    ConfigError
        If the folder holds a run with other settings.
    RuntimeError
        If no node takes part.
    """
    check(config, task)
    if config.evaluation.worth and again is None:
        raise ConfigError("evaluation.worth: needs the apps that its federations train by")
    open_run(out, config)
    seed = kept_seed(out)
    task = task or task_of(config, seed)
    for note in task.data.notes:
        log(WARNING, "%s", note)
    if task.root_note:
        log(WARNING, "%s", task.root_note)
    if why := undefined_metric(task):
        log(WARNING, "%s: it is shown as '-'; give other test rows, or another metric", why)
    if task.schema is not None:
        write_whole(out / SCHEMA, schema_text(task.schema).encode())
    code = code_hash()
    manifest = Manifest(out, config, code, own_code(config), about=task.about)
    for module, digest in manifest.changed.items():
        log(
            WARNING,
            "%s has changed since the run began (its hash is %s, and was %s): the rounds from"
            " here on are the changed one's",
            module,
            manifest.own[module][:12],
            digest[:12],
        )
    behaviours = behaviours_of(config)
    engine = database(config)
    # One thread: sums differ with the number of threads, and training amplifies it.
    try:
        roster, members = _roster(config, tuple(behaviours), engine)
        _gather(grid, config, roster, members)
        agreed = None
        if config.table.on_nodes and task.schema is not None:
            asking = Asking(grid, roster, members)
            scales = common_scale(asking, config, task.schema, out)
            agreed = agreement(task.schema, scales)
            task = on_scale(task, config, scales, seed)
        shared = Training(
            grid=grid,
            config=config,
            out=out,
            task=task,
            behaviours=behaviours,
            roster=roster,
            members=members,
            engine=engine,
            code=code,
            manifest=manifest,
            agreed=agreed,
            seed=config.seed if seed is None else DrawnSeed(seed),
        )
        with one_thread(), threadpool_limits(limits=1):
            for name in config.strategies:
                if not finished(out, config, name):
                    run_strategy(shared, name)
            if config.evaluation.worth and again is not None:
                write_worth(config, out, again, behaviours, code, task)
            # Bound to the ledger, and so the same again after a crash.
            measured = measured_of(out, config, task)
        settlement = Settlement(out, config, engine)
        return close_run(out, config, behaviours, settlement, measured, parse or parsed_once())
    finally:
        if engine is not None:
            engine.dispose()


def check(config: RunConfig, task: Task | None = None) -> None:
    """Refuse what the settings alone do not show, before anything is written or started.

    Parameters
    ----------
    config : RunConfig
    task : Task, optional
        Of data that a program gave; as the settings say by default.

    Raises
    ------
    ConfigError
        If the device, a class, the registry or the ledger's key is not there: naming the
        setting and what would do.
    ValueError
        If the model does not fit the data, there are too many contributors, registry or ledger
        cannot be used, or a name stands for nothing that its table could hold.
    OSError
        If the data cannot be had.
    """
    training = config.training
    if config.engine == APP:
        raise ConfigError(
            "engine: app is what a Flower app's strategy writes, as Anml(save=FOLDER), and"
            " goes on by starting that app again; usable here: inline, cohort, simulation"
        )
    if config.engine == "simulation" and find_spec("ray") is None:
        raise ConfigError(
            "engine: simulation runs on Ray, which is not installed: pip install"
            " 'anml-fl[simulation]'; usable without it: inline, cohort"
        )
    try:
        torch.zeros(1, device=training.device).item()
    except Exception as error:
        usable = ["cpu", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]
        if torch.backends.mps.is_available():
            usable.append("mps")
        raise ConfigError(
            f"training.device: {training.device!r} cannot be used here; usable: "
            + ", ".join(usable)
        ) from error
    check_pool(config)
    _check_names(config)
    key = signing_key()
    if (engine := database(config)) is not None:
        from anml_fl.ledger.sql import SqlLedger  # noqa: PLC0415 - takes its time

        try:
            SqlLedger(engine, run_id(config), key)
        finally:
            engine.dispose()
    task = task or task_of(config)
    if not isinstance(task, ModuleTask):
        check_model(config, task)
    check_data(config, task)
    if config.evaluation.worth:
        check_worth(config, task)


def _check_names(config: RunConfig) -> None:
    """Load what the settings name: nothing is written before it is known to be right."""
    for name in config.strategies:
        named_rule(name, config.aggregation)
    for name in config.federation.behaviours:
        for server_round in range(1, min(config.training.rounds, _ASKED) + 1):
            behaviour(behaviour_in_round(name, server_round, config.attacks))
    for honest in (True, False):
        credentials_drawn(config.federation.scenario, honest, stream(0, "check"))


def _roster(
    config: RunConfig, names: tuple[str, ...], engine: Engine | None
) -> tuple[Roster, tuple[str, ...]]:
    """Choose how nodes are identified; and who should take part, where that is known."""
    if config.engine != "deployment":
        return ByPartition(names, _STARTUP), ()
    if engine is None:
        raise ConfigError(
            "registry.database: a deployment needs the registry that holds its nodes' keys,"
            " got none; `anml up` makes one"
        )
    from anml_fl.registry.sql import SqlRegistry  # noqa: PLC0415 - takes its time

    registry = retried(lambda: SqlRegistry(engine))
    contributors = retried(lambda: registry.contributors(registry.now()))
    members = {one.public_key: one.identity for one in contributors}
    if not members:
        raise ConfigError(
            "registry.database: it knows no contributor; `anml registry add contributor --key"
            " FILE` adds one"
        )
    least = max(1, math.ceil(config.training.min_replies * len(members)))
    patience = min(config.training.timeout, _PATIENCE)
    return ByKey(members, least=least, patience=patience), tuple(sorted(members.values()))


def _gather(grid: Grid, config: RunConfig, roster: Roster, members: tuple[str, ...]) -> None:
    """Wait for the federation's nodes; say what happens with fewer."""
    wanted = len(members) or config.federation.contributors
    # Nodes of a deployment start when their owners start them.
    newcomer = min(config.training.timeout, _PATIENCE) if members else _SETTLED
    seen, since = 0, time.monotonic()
    while (there := len(list(grid.get_node_ids()))) < wanted:
        if there != seen:
            seen, since = there, time.monotonic()
        if time.monotonic() - since > newcomer:
            break
        time.sleep(_POLL)
    present = sorted(set(roster(grid).values()))
    if not present and members:
        raise RuntimeError(
            f"none of the {there} nodes has a key of the registry's {wanted} contributors:"
            " start theirs, or add their keys with `anml registry add contributor`"
        )
    if not present:
        why = "; ".join(roster.reasons[:3]) if isinstance(roster, ByPartition) else ""
        raise RuntimeError(
            f"none of the {there} nodes is one of the {wanted} contributors"
            f"{f' ({why})' if why else ''}: start nodes with partition-id=0 to {wanted - 1} in"
            " their node config"
        )
    if len(present) < wanted:
        few = ", ".join(present[:5]) + (", ..." if len(present) > 5 else "")
        log(
            WARNING,
            "%d of %d contributors are here (%s), and the run goes on with them.%s",
            len(present),
            wanted,
            few,
            ""
            if members
            else ' For all of them: flwr run . --stream --federation-config "num-supernodes='
            f'{wanted} client-resources-num-cpus=1"',
        )
