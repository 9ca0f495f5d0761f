"""What Flower's `Strategy.start` logs and returns, made of rounds that are over."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from logging import INFO
from typing import TYPE_CHECKING

from flwr.common.logger import log
from flwr.serverapp.strategy import Result

from strategies.metrics import error_and_score

if TYPE_CHECKING:
    from collections.abc import Callable

    from flwr.app import ArrayRecord, MetricRecord

    from strategies.round import Round

    EvaluateFn = Callable[[int, ArrayRecord], MetricRecord | None]


@dataclass(slots=True)
class Results:
    """A run's results, as they come.

    Parameters
    ----------
    evaluate_fn : callable, optional
        The app's own test: from a round and its model to metrics.
    result : Result
    """

    evaluate_fn: EvaluateFn | None
    result: Result = field(default_factory=Result)

    def begin(self, number: int, arrays: ArrayRecord) -> None:
        """Test the model that the run begins with."""
        if self.evaluate_fn is not None:
            found = self.evaluate_fn(number, arrays)
            log(INFO, "Initial global evaluation results: %s", found)
            if found is not None:
                self.result.evaluate_metrics_serverapp[number] = found

    def trained(self, done: Round) -> None:
        """Take a round's model, and what contributors say of their training."""
        if done.changed:
            self.result.arrays = done.arrays
        if done.metrics is not None:
            log(INFO, "\t└──> Aggregated MetricRecord: %s", done.metrics)
            self.result.train_metrics_clientapp[done.record.round] = done.metrics

    def evaluated(self, number: int, found: MetricRecord | None) -> None:
        """Take what contributors say of a round's model."""
        if found is not None:
            log(INFO, "\t└──> Aggregated MetricRecord: %s", found)
            self.result.evaluate_metrics_clientapp[number] = found

    def tested(self, done: Round) -> Round:
        """Test a round's model as the app does, and put the outcome into its record."""
        if self.evaluate_fn is None:
            return done
        log(INFO, "Global evaluation")
        found = self.evaluate_fn(done.record.round, done.arrays)
        log(INFO, "\t└──> MetricRecord: %s", found)
        if found is None:
            return done
        self.result.evaluate_metrics_serverapp[done.record.round] = found
        return done.tested(*error_and_score(found))

    def end(self, seconds: float) -> Result:
        """Log the results, and return them."""
        log(INFO, "")
        log(INFO, "Strategy execution finished in %.2fs", seconds)
        log(INFO, "")
        log(INFO, "Final results:")
        log(INFO, "")
        for line in io.StringIO(str(self.result)):
            log(INFO, "\t%s", line.strip("\n"))
        log(INFO, "")
        return self.result
