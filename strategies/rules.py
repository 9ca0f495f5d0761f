"""Aggregation rules: what valid updates become, and with which weights.

A rule is a pure function of settings and a cohort; it returns a decision as data.
Coordinate-wise parts are Flower's own; its distances are not, since they cancel.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from flwr.serverapp.strategy.bulyan import aggregate_n_closest_weights
from flwr.serverapp.strategy.fedtrimmedavg import trim_mean

from anml_fl.method.krum import FEWEST, default_byzantine, krum_scores
from anml_fl.method.selection import select_top

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anml_fl.config import Aggregation
    from anml_fl.method.combination import Weighting
    from anml_fl.registry.interface import Signals

# A claim of example counts is believed up to this multiple of the round's median.
_MOST_MEDIANS = 5.0


@dataclass(frozen=True, slots=True)
class Cohort:
    """The valid updates of one round, by stable identity.

    Parameters
    ----------
    contributors : tuple of str
    updates : (n, d) array
    scores : (n,) float64
        Krum scores.
    q : (n,) float64
        Consistency; all ones where Krum has no meaning.
    signals : Signals
    examples : (n,) float64
        Example factors.
    """

    contributors: tuple[str, ...]
    updates: NDArray[Any]
    scores: NDArray[np.float64]
    q: NDArray[np.float64]
    signals: Signals
    examples: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Decision:
    """What a rule decided.

    Parameters
    ----------
    update : (d,) array
        What is added to the global model.
    weights : (n,) float64
        Each contributor's share of it, summing to 1; nan under a coordinate-wise rule.
    selected : (n,) bool
    branch : str, optional
    rho_c, min_s : float
        nan where the rule does not ask.
    note : str, optional
    """

    update: NDArray[Any]
    weights: NDArray[np.float64]
    selected: NDArray[np.bool_]
    branch: str | None = None
    rho_c: float = math.nan
    min_s: float = math.nan
    note: str | None = None


def example_factors(counts: NDArray[np.float64], *, weighting: bool) -> NDArray[np.float64]:
    """Bound the contributors' own example counts: to [1, 5 x median], or 1 for all.

    Parameters
    ----------
    counts : (n,) float64
        Claims, each >= 1.
    weighting : bool

    Returns
    -------
    (n,) float64

    Examples
    --------
    >>> example_factors(np.array([100.0, 120.0, 1e9]), weighting=True)
    array([100., 120., 600.])
    """
    if not weighting or counts.size == 0:
        return np.ones_like(counts)
    return np.clip(counts, 1.0, _MOST_MEDIANS * float(np.median(counts)))


def weighted(
    cohort: Cohort, weights: NDArray[np.float64], selected: NDArray[np.bool_]
) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Average the selected updates by weight times example factor.

    Parameters
    ----------
    cohort : Cohort
    weights : (n,) float64
        >= 0, some selected one > 0.
    selected : (n,) bool

    Returns
    -------
    tuple
        The update (d,), and the shares (n,) that made it, summing to 1.
    """
    shares = np.where(selected, weights, 0.0) * cohort.examples
    shares = shares / shares.sum()
    return shares.astype(cohort.updates.dtype) @ cohort.updates, shares


def from_weighting(cohort: Cohort, weighting: Weighting, fraction: float) -> Decision:
    """Apply what a combination of ANML decided."""
    everyone = np.ones(len(cohort.contributors), dtype=bool)
    selected = select_top(weighting.weights, fraction) if weighting.select else everyone
    update, shares = weighted(cohort, weighting.weights, selected)
    return Decision(
        update,
        shares,
        selected,
        weighting.branch,
        weighting.rho_c,
        weighting.min_s,
        weighting.reason,
    )


def fedavg(settings: Aggregation, cohort: Cohort) -> Decision:
    """Average everybody by example count (McMahan et al. 2017)."""
    return _average(cohort, np.ones(len(cohort.contributors), dtype=bool))


def krum(settings: Aggregation, cohort: Cohort) -> Decision:
    """Pick the one update of the lowest score (Blanchard et al. 2017)."""
    return _lowest(cohort, 1)


def multikrum(settings: Aggregation, cohort: Cohort) -> Decision:
    """Average the n - f updates of the lowest scores (Blanchard et al. 2017)."""
    n = len(cohort.contributors)
    return _lowest(cohort, max(1, n - _byzantine(n, settings)))


def q_only(settings: Aggregation, cohort: Cohort) -> Decision:
    """Weigh by q alone and keep the top fraction: what the paper calls Krum."""
    selected = select_top(cohort.q, settings.fraction)
    update, shares = weighted(cohort, cohort.q, selected)
    return Decision(update, shares, selected, "krum")


def median(settings: Aggregation, cohort: Cohort) -> Decision:
    """Take each coordinate's median (Yin et al. 2018)."""
    return _coordinate_wise(cohort, np.median(_wide(cohort), axis=0))


def trimmed_mean(settings: Aggregation, cohort: Cohort) -> Decision:
    """Average each coordinate without its extremes (Yin et al. 2018), by Flower."""
    return _coordinate_wise(cohort, trim_mean(_wide(cohort), settings.trim))


def bulyan(settings: Aggregation, cohort: Cohort) -> Decision:
    """Select by Krum again and again, then average around the median, by Flower.

    El Mhamdi et al. 2018. It bears f <= (n - 3) / 4 attackers; f is lowered to that,
    and the record says so.
    """
    n = len(cohort.contributors)
    wanted = _byzantine(n, settings)
    f = max(0, min(wanted, (n - 3) // 4))
    chosen: list[int] = []
    left = list(range(n))
    for _ in range(n - 2 * f):
        best = int(np.argmin(krum_scores(cohort.updates[left], n_byzantine=f)))
        chosen.append(left.pop(best))
    kept = _wide(cohort)[sorted(chosen)]
    closest = aggregate_n_closest_weights(
        [np.median(kept, axis=0)], [[row] for row in kept], len(chosen) - 2 * f
    )
    selected = np.zeros(n, dtype=bool)
    selected[chosen] = True
    note = f"bulyan bears {f} attackers of {n}, not {wanted}" if f < wanted else None
    return _coordinate_wise(cohort, closest[0], selected, note)


def _wide(cohort: Cohort) -> NDArray[np.float64]:
    # In float32 a few values near its largest would add up to inf, and stop the round.
    return cohort.updates.astype(np.float64)


def _byzantine(n: int, settings: Aggregation) -> int:
    return default_byzantine(n) if settings.n_byzantine is None else settings.n_byzantine


def _average(cohort: Cohort, selected: NDArray[np.bool_]) -> Decision:
    update, shares = weighted(cohort, np.ones(selected.size), selected)
    return Decision(update, shares, selected)


def _lowest(cohort: Cohort, count: int) -> Decision:
    n = len(cohort.contributors)
    if n < FEWEST:
        return _average(cohort, np.ones(n, dtype=bool))
    selected = np.zeros(n, dtype=bool)
    selected[np.argsort(cohort.scores, kind="stable")[:count]] = True
    return _average(cohort, selected)


def _coordinate_wise(
    cohort: Cohort,
    update: NDArray[Any],
    selected: NDArray[np.bool_] | None = None,
    note: str | None = None,
) -> Decision:
    n = len(cohort.contributors)
    everyone = np.ones(n, dtype=bool)
    return Decision(
        update, np.full(n, math.nan), everyone if selected is None else selected, note=note
    )
