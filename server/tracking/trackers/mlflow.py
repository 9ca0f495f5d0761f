"""`--track mlflow`: a run of MLflow for each strategy, over MLflow's client."""

from __future__ import annotations

import math
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from server.tracking.names import plain_name
from server.tracking.tracker import TrackerKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from server.tracking.tracked_round import TrackedRound
    from server.tracking.tracked_run import TrackedRun
    from server.tracking.tracker import Ending

# Unless the user chose otherwise: nothing goes to MLflow's makers, and a server that is away
# is given up on within a minute, not within ten.
_USUAL = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
}
# What one request may hold, less some.
_METRICS, _PARAMS = 900, 100
_MARK, _STRATEGY, _HEAD = "anml.run", "anml.strategy", "anml.ledger_head"
# The last metric of a round: where it is, the others are.
_LAST = "round"


class _Mlflow:
    """Runs of MLflow, found by the run's mark.

    A round may take several requests. One that comes twice changes nothing: metrics of the
    same name, round, instant and value are one to MLflow.
    """

    def __init__(self, run: TrackedRun, where: str) -> None:
        for name, value in _USUAL.items():
            os.environ.setdefault(name, value)
        from mlflow.tracking import MlflowClient

        self._run = run
        self._client = MlflowClient(where or None)
        self._experiment = self._found_experiment(
            os.environ.get("MLFLOW_EXPERIMENT_NAME") or run.name
        )
        self._runs: dict[str, Any] = {}

    def last(self, strategy: str) -> int:
        return int(self._of(strategy).data.metrics.get(_LAST, 0))

    def log(self, one: TrackedRound) -> None:
        from mlflow.entities import Metric

        info = self._of(one.strategy).info
        # The same each time that it is told.
        took = 0.0 if math.isnan(one.elapsed) else one.elapsed
        at = info.start_time + round(1000 * took)
        found = {**one.flat(), _LAST: float(one.round)}
        metrics = [Metric(name, value, at, one.round) for name, value in found.items()]
        for some in _parts(metrics, _METRICS):
            self._client.log_batch(info.run_id, metrics=some)

    def conclude(self, ending: Ending) -> None:
        from mlflow.entities import RunTag

        run = self._of(ending.strategy)
        if run.info.status == "FINISHED":
            return
        kinds = {f"reason.{plain_name(who)}": kind for who, kind in ending.last.kinds.items()}
        told = {**kinds, _HEAD: ending.head}
        tags = [RunTag(name, value) for name, value in told.items() if value]
        for some in _parts(tags, _PARAMS):
            self._client.log_batch(run.info.run_id, tags=some)
        for path in ending.files:
            self._client.log_artifact(run.info.run_id, str(path))
        self._client.set_terminated(run.info.run_id, "FINISHED")
        self._runs[ending.strategy] = self._client.get_run(run.info.run_id)

    def close(self) -> None:
        for run in self._runs.values():
            if run.info.status == "RUNNING":
                # Until it goes on.
                self._client.set_terminated(run.info.run_id, "KILLED")

    def _of(self, strategy: str) -> Any:
        if strategy not in self._runs:
            self._runs[strategy] = self._begun(strategy)
        return self._runs[strategy]

    def _begun(self, strategy: str) -> Any:
        """Find a strategy's run, or make it."""
        wanted = f"tags.`{_MARK}` = '{self._run.mark}' and tags.`{_STRATEGY}` = '{strategy}'"
        found = self._client.search_runs([self._experiment], wanted, max_results=1)
        if found:
            run = found[0]
            if run.info.status == "KILLED":
                self._client.update_run(run.info.run_id, status="RUNNING")
        else:
            run = self._client.create_run(
                self._experiment,
                start_time=round(1000 * self._run.began),
                tags={_MARK: self._run.mark, _STRATEGY: strategy},
                run_name=f"{self._run.name} {strategy}",
            )
        self._describe(run)
        return self._client.get_run(run.info.run_id)

    def _describe(self, run: Any) -> None:
        from mlflow.entities import Param

        if len(run.data.params) < len(self._run.settings):
            told = [Param(name, str(value)) for name, value in self._run.settings.items()]
            for some in _parts(told, _PARAMS):
                self._client.log_batch(run.info.run_id, params=some)

    def _found_experiment(self, name: str) -> str:
        from mlflow.exceptions import MlflowException

        found = self._client.get_experiment_by_name(name)
        if found is None:
            # Runs of a sweep begin at once: another one may make it in between.
            with suppress(MlflowException):
                self._client.create_experiment(name)
            found = self._client.get_experiment_by_name(name)
        if found is None:
            raise ValueError(
                f"MLflow made no experiment {name!r}: give MLFLOW_EXPERIMENT_NAME"
            )
        where: str = found.experiment_id
        return where


def _parts(all_of_them: Sequence[Any], most: int) -> Iterator[list[Any]]:
    for start in range(0, len(all_of_them), most):
        yield list(all_of_them[start : start + most])


mlflow = TrackerKind(_Mlflow, "URI", "mlflow", "mlflow")
