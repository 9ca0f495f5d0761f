"""The options of a strategy in one flat list, as other Flower strategies have them."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, TypedDict

from anml_fl.method.checks import count
from strategies.identity import ByName
from strategies.metrics import Metrics
from strategies.participation import Participation
from strategies.root_set import checked_root
from strategies.rule import Rule
from strategies.run_log import kept_in
from strategies.sampling import Sampling
from strategies.server_optimizer import server_settings
from strategies.signal_source import SignalSource
from strategies.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from anml_fl.registry.instants import At
    from anml_fl.registry.interface import Registry
    from strategies.buffers import Judged
    from strategies.identity import Roster
    from strategies.metrics import MetricsAggregation
    from strategies.server_optimizer import ServerOptimizer


class Options(TypedDict, total=False):
    """What may be said of a strategy beside its rule: see the part that each belongs to."""

    # Rule
    name: str
    n_byzantine: int | None
    example_weighting: bool
    server_optimizer: str | ServerOptimizer | None
    root: Callable[[Mapping[str, NDArray[Any]]], Mapping[str, NDArray[Any]]] | None
    # SignalSource
    registry: Registry | None
    at: At
    reputation: bool
    run: str
    # Participation
    roster: Roster
    members: Collection[str]
    min_replies: float
    min_train_nodes: int
    min_available_nodes: int
    patience: float
    code: str | None
    # Transport
    ttl: float | None
    packed: bool
    judged: Judged | None
    arrayrecord_key: str
    configrecord_key: str
    # Sampling
    fraction_train: float
    fraction_evaluate: float
    min_evaluate_nodes: int
    seed: int
    # Metrics
    weighted_by_key: str
    train_metrics_aggr_fn: MetricsAggregation | None
    evaluate_metrics_aggr_fn: MetricsAggregation | None
    # RunLog: the folder of a run that is kept, as `anml run` has one; what a round pays
    save: str | Path | None
    pool: int
    record_updates: bool


def parts_of(rule: Rule, options: Options) -> tuple[Any, ...]:
    """Sort options into a strategy's parts.

    Parameters
    ----------
    rule : Rule
        Which some of them change.
    options : Options

    Returns
    -------
    tuple
        Rule, SignalSource, Participation, Transport, RunLog or None, Sampling, Metrics.

    Raises
    ------
    TypeError
        If there is no such option; it lists those that there are. Or if `root` is nothing that
        could be called.
    ValueError
        If the settings ask for rows of a server's that a Flower app has not named.

    Examples
    --------
    >>> from anml_fl.settings.aggregation import Aggregation
    >>> from strategies.rule import named_rule
    >>> rule, _, participation, *_ = parts_of(
    ...     named_rule("krum", Aggregation()), {"n_byzantine": 2, "min_replies": 0.5}
    ... )
    >>> rule.settings.n_byzantine, participation.min_replies
    (2, 0.5)
    """
    left: dict[str, Any] = dict(options)
    if left.get("registry") is None:
        left.pop("registry", None)
        # A registry's signals belong to keys; without one, names are for people to read.
        left.setdefault("roster", ByName())
    changed: dict[str, Any] = {
        key: left.pop(key) for key in ("n_byzantine", "example_weighting") if key in left
    }
    if "server_optimizer" in left:
        changed |= server_settings(left.pop("server_optimizer"))
    if changed.get("n_byzantine") is not None:
        count("n_byzantine", changed["n_byzantine"])
    rule = replace(
        rule,
        name=left.pop("name", rule.name),
        settings=rule.settings.model_copy(update=changed),
        root=checked_root(left.pop("root", None), rule.settings) or rule.root,
    )
    log = kept_in(left)
    parts: list[Any] = [rule]
    for kind in (SignalSource, Participation, Transport, Sampling, Metrics):
        names = [field.name for field in fields(kind)]
        parts.append(kind(**{name: left.pop(name) for name in names if name in left}))
    if left:
        known = ", ".join(Options.__annotations__)
        raise TypeError(f"unknown option {sorted(left)[0]!r}; known: {known}")
    return (*parts[:4], log, *parts[4:])
