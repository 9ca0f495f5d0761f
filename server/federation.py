"""A run: the same federation trained under one strategy after the other."""

from __future__ import annotations

import time
from dataclasses import replace
from logging import INFO, WARNING
from typing import TYPE_CHECKING, Any

import torch
from flwr.app import Array, ArrayRecord, MetricRecord
from flwr.common.logger import log
from threadpoolctl import threadpool_limits

from anml_fl.config import ConfigError
from anml_fl.datasets.prepare import deal_of
from anml_fl.ledger.sql import SqlLedger
from anml_fl.method.attribution import LARGEST_POOL
from anml_fl.method.threads import one_thread
from anml_fl.models.architectures import build
from anml_fl.models.state import arrays_of, error_rate, load_arrays
from anml_fl.report.page import write_report
from anml_fl.roles import cast_roles, is_honest
from anml_fl.seeding import stream
from server.holdings import holdings
from server.registries import database, known
from server.results import StrategyFolder, close_run, finished, open_run
from server.settlement import Settlement, run_id, signing_key
from server.updates import save_updates
from strategies.catalogue import strategy
from strategies.identity import ByPartition

if TYPE_CHECKING:
    from pathlib import Path

    from flwr.serverapp import Grid
    from sqlalchemy import Engine

    from anml_fl.config import RunConfig
    from strategies.identity import Roster

# Simulated nodes register within moments of each other: after this long without a
# newcomer the run starts with those that are there.
_SETTLED = 5.0
_POLL = 0.2


def run_federation(grid: Grid, config: RunConfig, out: Path) -> dict[str, Any]:
    """Train under every strategy that has not finished yet, and write the results.

    Parameters
    ----------
    grid : Grid
        Any of Flower's, or the inline one.
    config : RunConfig
    out : Path
        The run's folder.

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
    check(config)
    open_run(out, config)
    roles = cast_roles(config)
    roster = ByPartition(tuple(roles), min(config.training.timeout, 60.0))
    _gather(grid, config, roster)
    engine = database(config)
    # One thread: sums differ with the number of threads, and training amplifies it.
    try:
        with one_thread(), threadpool_limits(limits=1):
            for name in config.strategies:
                if not finished(out, config, name):
                    _train(grid, config, name, roles, roster, out, engine)
    finally:
        if engine is not None:
            engine.dispose()
    summary = close_run(out, config, roles, holdings(out, config))
    log(INFO, "report: %s", write_report(out).resolve())
    return summary


def check(config: RunConfig) -> None:
    """Refuse what the settings alone do not show, before anything is written or started.

    Parameters
    ----------
    config : RunConfig

    Raises
    ------
    ConfigError
        If the device, a class, the registry or the ledger's key is not there: naming the
        setting and what would do.
    ValueError
        If the model does not fit the data, there are too many contributors, or registry or
        ledger cannot be used.
    OSError
        If the data cannot be had.
    """
    federation, training = config.federation, config.training
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
    paid = config.settlement.pool * training.rounds
    if paid > LARGEST_POOL:
        raise ConfigError(
            f"settlement.pool: over {training.rounds} rounds at most {LARGEST_POOL}"
            f" micro-units can be paid, got {paid}"
        )
    key = signing_key()
    if (engine := database(config)) is not None:
        try:
            SqlLedger(engine, run_id(config), key)
        finally:
            engine.dispose()
    dealt = deal_of(config)
    classes = dealt.test.classes
    build(training.model, dealt.test.features.shape[1], dealt.image, classes, seed=0)
    target, offset = config.attacks.flip_target, config.attacks.flip_offset
    if target is not None and target >= classes:
        raise ConfigError(
            f"attacks.flip_target: {federation.dataset} has the classes 0 to {classes - 1},"
            f" got {target}"
        )
    pairs = config.attacks.pairs
    if pairs and max(pairs) >= classes:
        raise ConfigError(
            f"attacks.flip_pairs: {federation.dataset} has the classes 0 to {classes - 1},"
            f" got {config.attacks.flip_pairs}"
        )
    if config.registry.gold and config.registry.database:
        raise ConfigError(
            "registry.gold: r comes from the registry's database here, and cannot be earned on"
            f" {config.registry.gold} checked answers as well: give one of the two"
        )
    if config.registry.gold and dealt.truths is None:
        raise ConfigError(
            f"registry.gold: {federation.dataset} has no answers that could be checked, so it"
            f" must be 0, got {config.registry.gold}; labelme has some"
        )
    if offset is not None and offset % classes == 0:
        raise ConfigError(
            f"attacks.flip_offset: a multiple of {federation.dataset}'s {classes} classes"
            f" changes no label, got {offset}"
        )


def _train(
    grid: Grid,
    config: RunConfig,
    name: str,
    roles: dict[str, str],
    roster: Roster,
    out: Path,
    engine: Engine | None,
) -> None:
    training = config.training
    dealt = deal_of(config)
    model = build(
        training.model,
        dealt.test.features.shape[1],
        dealt.image,
        dealt.test.classes,
        seed=int(stream(config.seed, "model").integers(2**63)),
    )
    folder = StrategyFolder(out / name)
    settlement = Settlement(out, config, engine) if name == config.settling else None
    chosen = strategy(
        name,
        config.aggregation,
        honest=[who for who, role in roles.items() if is_honest(role)],
        roster=roster,
        **known(config, roles, engine, settlement),
    )

    def evaluate(server_round: int, arrays: ArrayRecord) -> MetricRecord | None:
        if server_round == 0:
            return None
        values = {key: array.numpy() for key, array in arrays.items()}
        load_arrays(model, values)
        error = error_rate(model, dealt.test.features, dealt.test.labels)
        record = replace(chosen.records[-1], test_error=error)
        if settlement is not None:
            settlement.settle(record, values)
            if config.settlement.record_updates:
                cohort = chosen.cohort
                save_updates(
                    folder.path,
                    server_round,
                    cohort.contributors,
                    chosen.model,
                    cohort.updates,
                    cohort.examples,
                )
        folder.append(record)
        return MetricRecord({"test-error": error})

    initial = ArrayRecord({key: Array(value) for key, value in arrays_of(model).items()})
    chosen.start(
        grid,
        initial,
        num_rounds=training.rounds,
        timeout=training.timeout,
        evaluate_fn=evaluate,
    )
    if settlement is not None:
        settlement.close()
    # Strategy.start returns no arrays when no round changed the model.
    folder.finish(arrays_of(model))


def _gather(grid: Grid, config: RunConfig, roster: Roster) -> None:
    """Wait for the federation's nodes; say what happens with fewer."""
    wanted = config.federation.contributors
    seen, since = 0, time.monotonic()
    while (now := len(list(grid.get_node_ids()))) < wanted:
        if now != seen:
            seen, since = now, time.monotonic()
        if time.monotonic() - since > _SETTLED:
            break
        time.sleep(_POLL)
    present = sorted(set(roster(grid).values()))
    if not present:
        raise RuntimeError(
            f"none of the {now} nodes is one of the {wanted} contributors: start nodes with"
            f" partition-id=0 to {wanted - 1} in their node config"
        )
    if len(present) < wanted:
        log(
            WARNING,
            "%d of %d contributors are here (%s), and the run goes on with them. For all of"
            ' them: flwr run . --stream --federation-config "num-supernodes=%d'
            ' client-resources-num-cpus=1"',
            len(present),
            wanted,
            ", ".join(present[:5]) + (", ..." if len(present) > 5 else ""),
            wanted,
        )
