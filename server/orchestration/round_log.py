"""Where one strategy's rounds go: checkpoint, settlement, registry, files, in this order."""

from __future__ import annotations

from dataclasses import dataclass
from logging import INFO, WARNING
from typing import TYPE_CHECKING, Any

from flwr.common.logger import log

from anml_fl.registry.clock import date
from anml_fl.registry.memory import InMemoryRegistry
from anml_fl.run.checkpoint import Checkpoint, save_checkpoint
from anml_fl.run.updates import save_updates

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from anml_fl.method.records import RoundRecord
    from anml_fl.run.strategy_folder import StrategyFolder
    from server.orchestration.settlement import Settlement
    from strategies.round import Round
    from strategies.signal_source import SignalSource


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundLog:
    """What each round of a strategy leaves behind; each step can be made again after a crash.

    Parameters
    ----------
    run : str
        As `settlement.run_id` names it.
    seed : int
    code : str
        Hash of the server's code.
    folder : StrategyFolder
    settlement : Settlement, optional
        Of the strategy that pays.
    keeps_updates : bool
        Whether the updates are kept, so that contributions can be valued.
    signals : SignalSource
        Where reputations move.
    """

    run: str
    seed: int
    code: str
    folder: StrategyFolder
    settlement: Settlement | None
    keeps_updates: bool
    signals: SignalSource

    def add(
        self,
        done: Round,
        arrays: Mapping[str, NDArray[Any]],
        best: Mapping[str, NDArray[Any]],
    ) -> None:
        """Keep a round, settle it, let reputations move by it, and write it down.

        Parameters
        ----------
        done : Round
        arrays : mapping
            The new model's arrays by name.
        best : mapping
            Those of the best model so far, where that is kept and an earlier round's.
        """
        updates = None
        if self.keeps_updates:
            cohort = done.cohort
            updates = save_updates(
                self.folder.path,
                done.record.round,
                cohort.contributors,
                done.before,
                cohort.updates,
                cohort.examples,
                {name: arrays[name] for name in done.record.buffers},
            )
        # Checkpoint, ledger and file hold the same words: written once, they are the same.
        line = done.record.to_json()
        self._keep(done, line, arrays, updates, best)
        self._conclude(done.record, line, arrays, updates)

    def take_up(self, begun: Checkpoint) -> None:
        """Bring everything to where it was after the checkpoint's round."""
        log(INFO, "going on after round %d", begun.record.round)
        if begun.code != self.code:
            log(
                WARNING,
                "rounds up to %d were made by code %s, this is %s: they may not fit together",
                begun.record.round,
                begun.code[:12],
                self.code[:12],
            )
        if self.settlement is not None:
            self.settlement.check(begun)
        registry = self.signals.registry
        if isinstance(registry, InMemoryRegistry):
            # It forgot what it was shown, and what it learned from the rounds.
            for contributor, stamp, token in begun.shown:
                registry.present(contributor, [token], at=date(stamp))
            for record in self.folder.records():
                self.signals.observe(record)
        self._conclude(begun.record, begun.record.to_json(), begun.arrays, begun.updates)

    def _keep(
        self,
        done: Round,
        line: str,
        arrays: Mapping[str, NDArray[Any]],
        updates: str | None,
        best: Mapping[str, NDArray[Any]],
    ) -> None:
        """Write the checkpoint: from here on the round is not lost, nor decided otherwise."""
        registry = self.signals.registry
        rounds, timings = self.folder.written()
        checkpoint = Checkpoint(
            run=self.run,
            record=done.record,
            arrays=arrays,
            rounds=rounds,
            timings=timings,
            ledger="" if self.settlement is None else self.settlement.head,
            shown=registry.shown() if isinstance(registry, InMemoryRegistry) else (),
            seed=self.seed,
            code=self.code,
            updates=updates,
            state=done.state,
            best=best,
        )
        save_checkpoint(self.folder.path, checkpoint, line)

    def _conclude(
        self,
        record: RoundRecord,
        line: str,
        arrays: Mapping[str, NDArray[Any]],
        updates: str | None,
    ) -> None:
        if self.settlement is not None:
            self.settlement.settle(record, arrays, updates, line)
        self.signals.observe(record)
        self.folder.append(record, line)
