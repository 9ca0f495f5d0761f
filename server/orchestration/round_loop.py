"""One strategy of a run, round by round."""

from __future__ import annotations

import math
from dataclasses import dataclass
from logging import WARNING
from typing import TYPE_CHECKING

from flwr.app import Array, ArrayRecord, ConfigRecord
from flwr.common.logger import log

from anml_fl.behaviour import is_honest
from anml_fl.federation.own_task.task import ModuleTask
from anml_fl.federation.root import root_set
from anml_fl.models.state import arrays_of
from anml_fl.run.best_round import Stopping
from anml_fl.run.strategy_folder import StrategyFolder
from server.orchestration.claims_log import ClaimsLog
from server.orchestration.kept_model import KeptModel
from server.orchestration.model_of_arrays import ModelOfArrays
from server.orchestration.registry_signals import signal_source
from server.orchestration.round_log import RoundLog
from server.orchestration.settlement import Settlement, closed_instants, run_id
from strategies.arrays import values_of
from strategies.participation import Participation
from strategies.rule import named_rule
from strategies.sampling import Sampling
from strategies.screened_strategy import ScreenedStrategy
from strategies.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from flwr.serverapp import Grid
    from sqlalchemy import Engine

    from anml_fl.federation.task import Task
    from anml_fl.run.manifest import Manifest
    from anml_fl.settings.run import RunConfig
    from strategies.identity import Roster
    from strategies.round import Round


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """What all strategies of a run share.

    Parameters
    ----------
    grid : Grid
    config : RunConfig
    out : Path
        The run's folder.
    task : Task
    behaviours : mapping
        Contributor to behaviour.
    roster : callable
        Grid to (node id to contributor).
    members : tuple of str
        Who should take part, if that is known.
    engine : sqlalchemy.Engine, optional
        Of the registry's database.
    code : str
        Hash of the server's code, which contributors must run too.
    manifest : Manifest
        Of the run, which says who runs which code.
    agreed : ConfigRecord, optional
        What nodes with data of their own have agreed on.
    seed : int
        By which the server draws; of a deployment its secret.
    """

    grid: Grid
    config: RunConfig
    out: Path
    task: Task
    behaviours: Mapping[str, str]
    roster: Roster
    members: tuple[str, ...]
    engine: Engine | None
    code: str
    manifest: Manifest
    agreed: ConfigRecord | None = None
    seed: int = 0


def run_strategy(shared: Training, name: str) -> None:
    """Train under one strategy, from the round after its checkpoint on if there is one.

    Raises
    ------
    CheckpointError
        If the strategy's checkpoint is damaged, or a new one cannot be written.
    LedgerError
        If the ledger does not belong to it.
    """
    config, out, task, training = (
        shared.config,
        shared.out,
        shared.task,
        shared.config.training,
    )
    folder = StrategyFolder(out / name)
    begun = folder.resume(run_id(config))
    settlement = Settlement(out, config, shared.engine) if name == config.settling else None
    repeated: list[float] = []
    if settlement is None and shared.engine is not None:
        repeated = closed_instants(config, shared.engine, name)
    last = 0.0 if begun is None else begun.record.at
    signals = signal_source(
        config, shared.behaviours, shared.engine, settlement, last, repeated
    )
    rounds = RoundLog(
        run=run_id(config),
        seed=config.seed,
        code=shared.code,
        folder=folder,
        settlement=settlement,
        keeps_updates=settlement is not None and config.settlement.record_updates,
        signals=signals,
    )
    arrays = arrays_of(task.initial_model())
    honest = [who for who, behaviour in shared.behaviours.items() if is_honest(behaviour)]
    transport = Transport(
        # A simulation's own clock has nothing to do with it: its clients take turns.
        ttl=training.timeout if shared.members else None,
        packed=bool(shared.members),
        judged=task.judged,
    )
    strategy = ScreenedStrategy(
        named_rule(name, config.aggregation, honest, root_set(task, config)),
        signals,
        Participation(
            roster=shared.roster,
            members=shared.members,
            min_replies=training.min_replies,
            # Its nodes are gathered already, and a round that nobody answers is a round.
            min_train_nodes=0,
            min_available_nodes=0,
            code=shared.code,
        ),
        transport,
        sampling=Sampling(fraction_train=training.fraction_train, seed=shared.seed),
    )
    claims = _claims_log(shared, folder.path, transport)
    models = ModelOfArrays(task)
    done, kept = 0, KeptModel(folder, Stopping.of(config))
    if begun is not None:
        rounds.take_up(begun)
        task.model_of(begun.arrays)  # refuses those of another model
        # In the model's order, which a file does not keep: sums over a vector follow it.
        arrays, done = {name: begun.arrays[name] for name in arrays}, begun.record.round
        strategy.resume(done, begun.state)
        if claims is not None:
            claims.take_up(done)
        kept.take_up(begun)
    initial = ArrayRecord({key: Array(value) for key, value in arrays.items()})
    left = 0 if kept.over else training.rounds - done
    for one in strategy.rounds(shared.grid, initial, left, training.timeout, shared.agreed):
        arrays = values_of(one.arrays)
        model = models.of(arrays)
        tested = one.tested(task.error(model), task.score(model))
        said = math.nan if claims is None else claims.ask(one.record.round, one.arrays)
        _note(shared.manifest, tested)
        kept.add(arrays, tested.record, said)
        rounds.add(tested, arrays, kept.earlier)
        # Its updates are as large as the next round's replies.
        del one, tested
        if kept.over:
            break
    folder.finish(kept.earlier or arrays)


def _note(manifest: Manifest, done: Round) -> None:
    """Write down who runs which code; say it once where a module of one's own is another."""
    for name, module, digest in manifest.add(done.codes, done.own):
        ours = manifest.own[module]
        log(
            WARNING,
            "%s runs another %s (hash %s) than the server (%s)",
            name,
            module,
            digest[:12],
            ours[:12],
        )


def _claims_log(shared: Training, strategy: Path, transport: Transport) -> ClaimsLog | None:
    """Ask nodes what models are worth where the server cannot find it out."""
    config, task = shared.config, shared.task
    by_task = isinstance(task, ModuleTask) and task.claimed
    by_table = shared.agreed is not None and config.table.claimed
    if not (by_task or by_table):
        return None
    return ClaimsLog(
        strategy=strategy,
        grid=shared.grid,
        roster=shared.roster,
        members=shared.members,
        transport=transport,
        config=shared.agreed or ConfigRecord(),
        metric=config.evaluation.metric,
        timeout=config.training.timeout,
    )
