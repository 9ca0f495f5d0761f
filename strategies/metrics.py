"""The metrics in replies: what contributors say of their own work, which nobody can check."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

import numpy as np
from flwr.app import MetricRecord, RecordDict

from strategies import protocol
from strategies.examples import example_count, example_factors
from strategies.instruction import BadReplyError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    MetricsAggregation = Callable[[list[RecordDict], str], MetricRecord]

_MOST_METRICS = 32
_LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class Metrics:
    """What is made of contributors' metrics, under the names that Flower's FedAvg has.

    Parameters
    ----------
    weighted_by_key : str
        The metric that is an example count.
    train_metrics_aggr_fn, evaluate_metrics_aggr_fn : callable, optional
        From the metrics in valid replies, one RecordDict a contributor, and `weighted_by_key`
        to one MetricRecord. By default each metric's median: Flower's mean is weighted by
        counts that are the contributors' own words, and is there for whom it is good enough,
        as `flwr.serverapp.strategy.strategy_utils.aggregate_metricrecords`.

    Raises
    ------
    TypeError
        If one of them is of another kind.
    """

    weighted_by_key: str = protocol.EXAMPLES
    train_metrics_aggr_fn: MetricsAggregation | None = None
    evaluate_metrics_aggr_fn: MetricsAggregation | None = None

    def __post_init__(self) -> None:
        key: object = self.weighted_by_key
        if not isinstance(key, str) or not key:
            raise TypeError(f"weighted_by_key must be a metric's name, got {key!r}")
        for name in ("train_metrics_aggr_fn", "evaluate_metrics_aggr_fn"):
            function = getattr(self, name)
            if function is not None and not callable(function):
                raise TypeError(f"{name} must be callable, got {type(function).__name__}")

    def of_training(self, told: Mapping[str, Reported]) -> MetricRecord | None:
        """Aggregate what contributors said of their training; None if nobody did."""
        return self._aggregated("train_metrics_aggr_fn", told)

    def of_evaluation(self, told: Mapping[str, Reported]) -> MetricRecord | None:
        """Aggregate what contributors said of a model; None if nobody did."""
        return self._aggregated("evaluate_metrics_aggr_fn", told)

    def _aggregated(self, name: str, told: Mapping[str, Reported]) -> MetricRecord | None:
        if not told:
            return None
        contents = _contents(told, self.weighted_by_key)
        if (function := getattr(self, name)) is None:
            return median_metrics(contents, self.weighted_by_key) or None
        try:
            found = function(contents, self.weighted_by_key)
        except Exception as error:
            # The app's own mistake, and none of a reply's: these are all of one form.
            error.add_note(f"raised by {name}, {_called(function)}")
            raise
        if found is not None and not isinstance(found, MetricRecord):
            raise TypeError(
                f"{name} must return a MetricRecord, got {type(found).__name__} from"
                f" {_called(function)}"
            )
        return found


@dataclass(frozen=True, slots=True)
class Reported:
    """The metrics of one reply.

    Parameters
    ----------
    record : str
        Name of the record that they came in.
    values : mapping
        Metric to finite number, without the example count.
    examples : float
        The example count, in [1, 1e9].
    """

    record: str
    values: Mapping[str, float]
    examples: float


def reported(content: RecordDict, weighted_by_key: str) -> Reported:
    """Take the metrics out of a reply; lists of numbers are left aside.

    Raises
    ------
    BadReplyError
        If there is no example count, a number is not finite, there are more than 32, or a name
        is none that can be shown.
    """
    name, record = _record(content, weighted_by_key)
    examples = example_count(record, weighted_by_key)
    values = {}
    if len(record) > _MOST_METRICS + 1:
        raise BadReplyError(f"{len(record)} metrics, more than {_MOST_METRICS}")
    for metric, value in record.items():
        if metric == weighted_by_key or isinstance(value, list):
            continue
        if not metric or len(metric) > _LONGEST_NAME or not metric.isprintable():
            raise BadReplyError(
                f"a metric's name must have 1 to {_LONGEST_NAME} printable characters"
            )
        if not math.isfinite(value):
            raise BadReplyError(f"metric {metric!r} must be finite, got {value}")
        values[metric] = float(value)
    return Reported(name, values, examples)


def reported_examples(content: RecordDict, weighted_by_key: str) -> float:
    """Take the example count alone out of a reply.

    Raises
    ------
    BadReplyError
        If there is none.
    """
    return example_count(_record(content, weighted_by_key)[1], weighted_by_key)


def median_metrics(contents: list[RecordDict], weighted_by_key: str) -> MetricRecord:
    """Give each metric's median, in which each contributor counts once.

    Examples
    --------
    >>> said = [{"loss": 1.0, "n": 5}, {"loss": 2.0, "n": 5}, {"loss": 9e9, "n": 10**9}]
    >>> contents = [RecordDict({"metrics": MetricRecord(one)}) for one in said]
    >>> dict(median_metrics(contents, "n"))
    {'loss': 2.0}
    """
    records = [next(iter(one.metric_records.values())) for one in contents]
    names = sorted({name for record in records for name in record} - {weighted_by_key})
    told = {name: [r[name] for r in records if name in r] for name in names}
    return MetricRecord(
        {
            name: float(median(float(v) for v in values if not isinstance(v, list)))
            for name, values in told.items()
        }
    )


def error_and_score(metrics: MetricRecord) -> tuple[float, float]:
    """Read a model's error and another score out of what `evaluate_fn` says of it.

    Returns
    -------
    tuple
        The metric `error`, or 1 - `accuracy`, nan without either; and `loss`, or else the
        first other finite number, nan without any. `test_accuracy` and the like are
        accuracies.

    Examples
    --------
    >>> error_and_score(MetricRecord({"loss": 0.7, "accuracy": 0.75}))
    (0.25, 0.7)
    >>> error_and_score(MetricRecord({"rmse": 3.0}))
    (nan, 3.0)
    """
    left = {
        name: float(value)
        for name, value in metrics.items()
        if not isinstance(value, list) and math.isfinite(value)
    }
    error = math.nan
    if (name := _named("error", left)) is not None:
        error = left.pop(name)
    elif (name := _named("accuracy", left)) is not None and 0 <= left[name] <= 1:
        error = 1 - left.pop(name)
    if (name := _named("loss", left)) is not None:
        return error, left[name]
    return error, next(iter(left.values()), math.nan)


def _named(metric: str, names: Sequence[str] | Mapping[str, float]) -> str | None:
    fits = [n for n in names if n.lower() == metric or n.lower().endswith(f"_{metric}")]
    return fits[0] if fits else None


def _record(content: RecordDict, weighted_by_key: str) -> tuple[str, MetricRecord]:
    # Not `metric_records`: a circle, which keeps a reply until Python looks for those.
    records = {n: one for n, one in content.items() if isinstance(one, MetricRecord)}
    names = [protocol.METRICS] if protocol.METRICS in records else list(records)
    if len(names) != 1 or weighted_by_key not in records[names[0]]:
        raise BadReplyError(f"no {weighted_by_key} in the metrics")
    return names[0], records[names[0]]


def _contents(told: Mapping[str, Reported], weighted_by_key: str) -> list[RecordDict]:
    """Write the metrics anew: those that most have, so that nobody's reply can surprise."""
    forms = Counter((one.record, tuple(sorted(one.values))) for one in told.values())
    form = min(forms, key=lambda one: (-forms[one], one))
    names = [name for name, one in sorted(told.items()) if _form(one) == form]
    counts = np.array([told[name].examples for name in names])
    # An unbounded count would be the whole of a weighted mean.
    bounded = example_factors(counts, weighting=True).tolist()
    return [
        RecordDict(
            {
                form[0]: MetricRecord(
                    {
                        **told[name].values,
                        weighted_by_key: int(n) if n.is_integer() else n,
                    }
                )
            }
        )
        for name, n in zip(names, bounded, strict=True)
    ]


def _form(one: Reported) -> tuple[str, tuple[str, ...]]:
    return one.record, tuple(sorted(one.values))


def _called(function: object) -> str:
    return str(getattr(function, "__qualname__", type(function).__name__))
