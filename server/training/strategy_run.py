"""One strategy of a run, round by round: each is kept, then settled, then told."""

from __future__ import annotations

from dataclasses import dataclass, replace
from logging import INFO, WARNING
from typing import TYPE_CHECKING, Any

from flwr.app import Array, ArrayRecord, MetricRecord
from flwr.common.logger import log

from anml_fl.behaviours import is_honest
from anml_fl.datasets.prepare import deal_of
from anml_fl.models.architectures import build
from anml_fl.models.state import arrays_of, error_rate, load_arrays
from anml_fl.registry.clock import date
from anml_fl.registry.interface import ReputationRegistry
from anml_fl.registry.memory import InMemoryRegistry
from anml_fl.run.checkpoint import Checkpoint, Written, save_checkpoint
from anml_fl.run.manifest import write_manifest
from anml_fl.run.strategy_folder import StrategyFolder
from anml_fl.run.updates import save_updates
from anml_fl.seeding import stream
from server.training.settlement import Settlement, closed_instants, run_id
from server.training.signal_source import known
from strategies.arrays import values_of
from strategies.catalogue import strategy

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from flwr.serverapp import Grid
    from numpy.typing import NDArray
    from sqlalchemy import Engine

    from anml_fl.config import RunConfig
    from anml_fl.method.records import RoundRecord
    from anml_fl.registry.interface import Registry
    from strategies.identity import Roster


def run_strategy(
    grid: Grid,
    config: RunConfig,
    name: str,
    roles: Mapping[str, str],
    roster: Roster,
    out: Path,
    *,
    engine: Engine | None,
    members: tuple[str, ...],
    code: str,
) -> None:
    """Train under one strategy, from the round after its checkpoint on if there is one.

    Parameters
    ----------
    grid : Grid
    config : RunConfig
    name : str
        The strategy.
    roles : mapping
        Contributor to behaviour.
    roster : callable
        Grid to (node id to contributor).
    out : Path
        The run's folder.
    engine : sqlalchemy.Engine, optional
        Of the registry's database.
    members : tuple of str
        Who should take part, if that is known.
    code : str
        Hash of the server's code, which contributors must run too.

    Raises
    ------
    CheckpointError
        If the strategy's checkpoint is damaged, or a new one cannot be written.
    LedgerError
        If the ledger does not belong to it.
    """
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
    begun = folder.resume(run_id(config))
    settlement = Settlement(out, config, engine) if name == config.settling else None
    repeated: list[float] = []
    if settlement is None and engine is not None:
        repeated = closed_instants(config, engine, name)
    last = 0.0 if begun is None else begun.record.at
    source = known(config, roles, engine, settlement, last, repeated)
    course = _Course(
        folder, settlement, source.registry, source.run if source.observes else ""
    )
    if begun is not None:
        course.take_up(begun, code)
        load_arrays(model, begun.arrays)
    done = 0 if begun is None else begun.record.round
    chosen = strategy(
        name,
        config.aggregation,
        honest=[who for who, role in roles.items() if is_honest(role)],
        roster=roster,
        registry=source.registry,
        at=source.at,
        members=members,
        min_replies=training.min_replies,
        code=code,
        done=done,
        # A simulation's own clock has nothing to do with it: thousands of clients take turns.
        ttl=training.timeout if members else None,
        packed=bool(members),
        # Its nodes are gathered already, and a round that nobody answers is a round.
        min_train_nodes=0,
        min_available_nodes=0,
    )

    def evaluate(server_round: int, arrays: ArrayRecord) -> MetricRecord | None:
        if server_round == 0:
            return None
        values = values_of(arrays)
        load_arrays(model, values)
        error = error_rate(model, dealt.test.features, dealt.test.labels)
        record = replace(chosen.records[-1], test_error=error)
        updates = None
        if settlement is not None and config.settlement.record_updates:
            cohort = chosen.cohort
            updates = save_updates(
                folder.path,
                record.round,
                cohort.contributors,
                chosen.model,
                cohort.updates,
                cohort.examples,
            )
        write_manifest(out, config, code, chosen.codes)
        course.keep(run_id(config), record, values, config.seed, code, updates)
        course.conclude(record, values, updates)
        return MetricRecord({"test-error": error})

    if done < training.rounds:
        initial = ArrayRecord({key: Array(value) for key, value in arrays_of(model).items()})
        chosen.start(
            grid,
            initial,
            num_rounds=training.rounds - done,
            timeout=training.timeout,
            evaluate_fn=evaluate,
        )
    # Strategy.start returns no arrays when no round changed the model.
    folder.finish(arrays_of(model))


@dataclass(frozen=True, slots=True)
class _Course:
    """Where one strategy's rounds go: each step can be made again after a crash.

    Parameters
    ----------
    folder : StrategyFolder
    settlement : Settlement, optional
        Of the strategy that pays.
    registry : Registry
    observing : str
        The run under which reputations move in the registry; "" if they do not.
    """

    folder: StrategyFolder
    settlement: Settlement | None
    registry: Registry
    observing: str

    def keep(
        self,
        run: str,
        record: RoundRecord,
        arrays: Mapping[str, NDArray[Any]],
        seed: int,
        code: str,
        updates: str | None,
    ) -> None:
        """Write the checkpoint: from here on the round is not lost, nor decided otherwise."""
        registry = self.registry
        checkpoint = Checkpoint(
            run=run,
            record=record,
            arrays=arrays,
            rounds=Written.of(self.folder.rounds),
            timings=Written.of(self.folder.timings),
            ledger="" if self.settlement is None else self.settlement.head,
            shown=registry.shown() if isinstance(registry, InMemoryRegistry) else (),
            seed=seed,
            code=code,
            updates=updates,
        )
        save_checkpoint(self.folder.path, checkpoint)

    def conclude(
        self, record: RoundRecord, arrays: Mapping[str, NDArray[Any]], updates: str | None
    ) -> None:
        """Settle the round, let reputations move by it, and tell it."""
        if self.settlement is not None:
            self.settlement.settle(record, arrays, updates)
        self._observe(record)
        self.folder.append(record)

    def take_up(self, begun: Checkpoint, code: str) -> None:
        """Bring everything to where it was after the checkpoint's round."""
        log(INFO, "going on after round %d", begun.record.round)
        if begun.code != code:
            log(
                WARNING,
                "rounds up to %d were made by code %s, this is %s: they may not fit together",
                begun.record.round,
                begun.code[:12],
                code[:12],
            )
        if self.settlement is not None:
            self.settlement.check(begun)
        if isinstance(self.registry, InMemoryRegistry):
            # It forgot what it was shown, and what it learned from the rounds.
            for contributor, stamp, token in begun.shown:
                self.registry.present(contributor, [token], at=date(stamp))
            for record in self.folder.records():
                self._observe(record)
        self.conclude(begun.record, begun.arrays, begun.updates)

    def _observe(self, record: RoundRecord) -> None:
        if self.observing and isinstance(self.registry, ReputationRegistry):
            self.registry.observe(self.observing, record)
