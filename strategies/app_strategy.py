"""A strategy as a Flower app starts it: rounds, what is said of them, what is left of them."""

from __future__ import annotations

import secrets
import time
from abc import abstractmethod
from contextlib import contextmanager
from dataclasses import replace
from logging import INFO, WARNING
from typing import TYPE_CHECKING

from flwr.app import ConfigRecord
from flwr.common.logger import log
from flwr.serverapp.strategy import Strategy
from flwr.serverapp.strategy.strategy_utils import log_strategy_start_info

from strategies.contributor_records import summary
from strategies.decisive import decisive
from strategies.evaluation import Evaluation
from strategies.results import Results
from strategies.root_set import check_root, root_notes
from strategies.run_log import Begun, Plan
from strategies.sampling import DrawnSeed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any

    from flwr.app import ArrayRecord, Message, MetricRecord
    from flwr.serverapp import Grid
    from flwr.serverapp.strategy import Result
    from numpy.typing import NDArray

    from anml_fl.method.records import RoundRecord
    from strategies.metrics import Metrics
    from strategies.participation import Participation
    from strategies.round import Round
    from strategies.rule import Rule
    from strategies.run_log import RunLog
    from strategies.sampling import Sampling
    from strategies.signal_source import SignalSource
    from strategies.transport import Transport


class AppStrategy(Strategy):
    """What surrounds the rounds; the parts are a `ScreenedStrategy`'s."""

    rule: Rule
    signals: SignalSource
    participation: Participation
    transport: Transport
    log: RunLog | None
    sampling: Sampling
    metrics: Metrics
    records: list[RoundRecord]
    run: str
    _done: int
    _last: float | None
    _evaluation: Evaluation
    _echoed: bool
    _silent: frozenset[str]

    @abstractmethod
    def rounds(
        self,
        grid: Grid,
        initial_arrays: ArrayRecord,
        num_rounds: int,
        timeout: float = 3600,
        train_config: ConfigRecord | None = None,
    ) -> Iterator[Round]:
        """Do the rounds one by one."""

    @abstractmethod
    def resume(self, done: int, state: Mapping[str, NDArray[Any]] | None = None) -> None:
        """Go on after a round that was done before."""

    @property
    def name(self) -> str:
        """The rule's name, in the records."""
        return self.rule.name

    def start(
        self,
        grid: Grid,
        initial_arrays: ArrayRecord,
        num_rounds: int = 3,
        timeout: float = 3600,
        train_config: ConfigRecord | None = None,
        evaluate_config: ConfigRecord | None = None,
        evaluate_fn: Callable[[int, ArrayRecord], MetricRecord | None] | None = None,
    ) -> Result:
        """Run the rounds, as `flwr.serverapp.strategy.Strategy.start` does.

        Contributors are asked what each round's model is worth, which is recorded and weighs
        nothing. What `evaluate_fn` says of it goes into the round's record.

        Raises
        ------
        ValueError
            If the model cannot be averaged, or `judged` does not fit it; or the rule needs a
            root set that it has not.
        RuntimeError
            If too few nodes connect, nobody has the mod `echo_nonce`, or no round changed the
            model: what happened is in `records`.
        """
        check_root(self.rule)
        started = time.monotonic()
        log(INFO, "Starting %s strategy:", type(self).__name__)
        log_strategy_start_info(num_rounds, initial_arrays, train_config, evaluate_config)
        self.summary()
        self._begin()
        results = Results(evaluate_fn)
        with self._running(initial_arrays, num_rounds, timeout) as begun:
            results.begin(self._done, begun.arrays)
            if begun.changed:
                results.result.arrays = begun.arrays
            left = num_rounds - len(begun.records)
            for one in self.rounds(grid, begun.arrays, left, timeout, train_config):
                results.trained(one)
                number = one.record.round
                asked = self.configure_evaluate(
                    number - self._done, one.arrays, evaluate_config or ConfigRecord(), grid
                )
                replies = grid.send_and_receive(asked, timeout=timeout) if asked else []
                said = self.aggregate_evaluate(number - self._done, replies)
                results.evaluated(number, said)
                done = results.tested(one)
                self.records[-1] = done.record
                if self.log is None:
                    self.signals.observe(done.record, self.run)
                else:
                    self.log.add(done)
                del one, done  # updates as large as the next round's replies
        trains = self.participation.least and self.sampling.fraction_train
        if trains and num_rounds and not results.result.arrays:
            raise RuntimeError(
                f"none of {num_rounds} rounds changed the model; the last one:"
                f" {summary(self.records[-1])}"
            )
        return results.end(time.monotonic() - started)

    def configure_evaluate(
        self, server_round: int, arrays: ArrayRecord, config: ConfigRecord, grid: Grid
    ) -> list[Message]:
        """Ask contributors what a model is worth, each with a secret of its own."""
        return self._evaluation.ask(self._done + server_round, arrays, config, grid)

    def aggregate_evaluate(
        self, server_round: int, replies: Iterable[Message]
    ) -> MetricRecord | None:
        """Keep what contributors say of a model, and aggregate it; None if nobody says it."""
        claims = self._evaluation.hear(replies, self.metrics.weighted_by_key)
        if self.log is not None and claims.reports:
            self.log.claimed(self._done + server_round, claims)
        return self.metrics.of_evaluation(claims.reports)

    def summary(self) -> None:
        """Log the strategy's name, how contributors are drawn, and what is not promised."""
        drawn = self.sampling
        if min(drawn.fraction_train, drawn.fraction_evaluate) < 1:
            log(
                INFO,
                "\t├── Sampling: train (%.2f), evaluate (%.2f), by %s",
                drawn.fraction_train,
                drawn.fraction_evaluate,
                # Whoever reads the log could foresee whom the next round asks.
                "a seed drawn" if isinstance(drawn.seed, DrawnSeed) else f"seed {drawn.seed}",
            )
        log(INFO, "\t└──> %s, behind screening", self.name)
        for note in root_notes(self.rule):
            log(WARNING, "%s", note)

    def _begin(self) -> None:
        """Forget who lacks the mod, and who cannot test a model."""
        self._echoed = False
        self._silent: frozenset[str] = frozenset()
        self._evaluation = Evaluation(self.participation, self.sampling, self.transport)

    @contextmanager
    def _running(self, arrays: ArrayRecord, rounds: int, timeout: float) -> Iterator[Begun]:
        """Keep the run, if it is to be: from its beginning on, or from where it was left."""
        if self.log is None:
            run = self.signals.run or f"run-{secrets.token_hex(8)}"
            self.run = run
            yield Begun(arrays=arrays, run=run)
            return
        plan = Plan(
            rule=self.rule,
            signals=self.signals,
            min_replies=self.participation.min_replies,
            arrays=arrays,
            rounds=rounds,
            timeout=timeout,
            decisive=decisive(
                self.rule,
                self.participation,
                self.transport,
                self.sampling,
                self.metrics,
                arrays,
            ),
            seed=self.sampling.seed,
        )
        with self.log.running(plan) as begun:
            self.resume(len(begun.records), begun.state)
            self.run, self.records = begun.run, list(begun.records)
            self._last = begun.records[-1].at if begun.records else None
            if begun.seed is not None and begun.seed != self.sampling.seed:
                self.sampling = replace(self.sampling, seed=begun.seed)
                self._begin()
                log(INFO, "contributors are drawn by the seed that the run began with")
            yield begun
