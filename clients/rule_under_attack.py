"""The rule that attackers attack, applied to what they think of sending."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.catalogue import UnusableError
from anml_fl.method.blockwise_krum import scores_of_distances
from anml_fl.method.distances import squared_distances
from anml_fl.method.krum import FEWEST, consistency
from anml_fl.method.provenance import Reputation, Verification
from anml_fl.registry.interface import Signals
from strategies.cohort import Cohort
from strategies.context import Context
from strategies.rule import named_rule
from strategies.updates import Updates
from strategies.usable import decided

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from anml_fl.settings.run import RunConfig


def aggregated(
    config: RunConfig,
    context: Context,
    honest: NDArray[Any],
    apart: NDArray[np.float64],
    crafted: Mapping[str, NDArray[Any]],
    names: Sequence[str],
) -> NDArray[Any] | None:
    """Apply the strategy that settles the run to honest and crafted updates.

    The attackers know the rule and its settings, and not what the server alone has: signals
    are neutral, v = .25, r = .40 and T = 1 of everybody, everybody has one example, and there
    is no state from earlier rounds and no root set. The mean of what they know stands in for
    the step that the server would make on one. What is not finite is left out, as by the
    server.

    Parameters
    ----------
    config : RunConfig
        Its `settling` strategy is the rule under attack: of several the one that pays.
    context : Context
        The round, the model, its shapes, and who is honest.
    honest : (m, d) array
    apart : (m, m) array
        Squared distances between them, of those that are finite.
    crafted : mapping
        Attacker to its update (d,).
    names : sequence of str
        Whose the rows of `honest` are.

    Returns
    -------
    (d,) array or None
        None if the rule cannot be applied, as one that needs rows which attackers do not have.
    """
    rows = {**dict(zip(names, honest, strict=True)), **crafted}
    who = sorted(name for name, row in rows.items() if np.isfinite(row).all())
    if not who:
        return None
    place = {name: i for i, name in enumerate([*names, *crafted])}
    chosen = [place[name] for name in who]
    between = _distances(honest, apart, list(crafted.values()))[np.ix_(chosen, chosen)]
    if not np.isfinite(between).all():
        return None
    cohort = _neutral(who, np.stack([rows[name] for name in who]), between, config)
    try:
        rule = named_rule(config.settling, config.aggregation, context.honest)
        return decided(rule, cohort, context).update
    except UnusableError:
        return None


def between_finite(updates: NDArray[Any]) -> NDArray[np.float64]:
    """Measure squared distances between updates (n, d): (n, n), 0 where one is not finite.

    Examples
    --------
    >>> between_finite(np.array([[0.0], [np.inf], [2.0]])).tolist()
    [[0.0, 0.0, 4.0], [0.0, 0.0, 0.0], [4.0, 0.0, 0.0]]
    """
    finite = np.flatnonzero(np.isfinite(updates).all(axis=1))
    apart = np.zeros((len(updates), len(updates)))
    if finite.size:
        apart[np.ix_(finite, finite)] = squared_distances(updates[finite])
    return apart


def _distances(
    honest: NDArray[Any], apart: NDArray[np.float64], crafted: Sequence[NDArray[Any]]
) -> NDArray[np.float64]:
    """Measure crafted updates from all: what lies between the honest is known already."""
    m, n = len(honest), len(honest) + len(crafted)
    between = np.zeros((n, n))
    between[:m, :m] = apart
    # In float64: squares of float32's largest are finite.
    wide = np.vstack([honest, *crafted]).astype(np.float64)
    for i, row in enumerate(crafted, start=m):
        if i > m and np.array_equal(row, crafted[i - m - 1]):
            away = between[i - 1, :i].copy()
        else:
            with np.errstate(over="ignore", invalid="ignore"):
                back = wide[:i] - wide[i]
                away = np.einsum("ij,ij->i", back, back)
        between[i, :i] = between[:i, i] = away
    return between


def _neutral(
    who: Sequence[str],
    updates: NDArray[Any],
    between: NDArray[np.float64],
    config: RunConfig,
) -> Cohort:
    """Judge updates as `strategies.cohort.assess` does, of contributors who are all alike."""
    n, settings = len(who), config.aggregation
    scores, q = np.zeros(n), np.ones(n)
    if n >= FEWEST:
        scores = scores_of_distances(between, n_byzantine=settings.n_byzantine)
        q = consistency(scores)
    level = Verification.SELF_ATTESTED.middle, Reputation.NEW.middle, 1.0
    signals = Signals(*(np.full(n, value) for value in level))
    return Cohort(tuple(who), Updates.of(updates), scores, q, signals, np.ones(n))
