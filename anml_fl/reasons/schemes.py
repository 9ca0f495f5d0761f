"""The ways to weigh, each a function of a round's numbers: done, or what would have been."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.calibrated.judging import judge, summed
from anml_fl.method.combination import multiplicative, softmax_blend
from anml_fl.method.example_shares import example_shares
from anml_fl.method.gate import Gate
from anml_fl.method.robust.norm_clipping import norm_clipping
from anml_fl.method.selection import select_top

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anml_fl.method.calibrated.judging import Judged
    from anml_fl.method.combination import Weighting
    from anml_fl.reasons.round_numbers import RoundNumbers

    Shares = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Dials:
    """The settings that weights depend on.

    Parameters
    ----------
    gate : Gate
        Thresholds, blend.
    fraction : float
        Share of contributors selected, in (0, 1].
    """

    gate: Gate = field(default_factory=Gate)
    fraction: float = 0.7


def fedavg(found: RoundNumbers, dials: Dials) -> Shares:
    """Count everybody by examples."""
    n = len(found.names)
    return example_shares(np.ones(n), np.ones(n, dtype=bool), found.examples)


def uniform(found: RoundNumbers, dials: Dials) -> Shares:
    """Count everybody by freshness and examples: the gate's first stage."""
    # Multiplicative with all else 1, which says what is done where every T is 0, too.
    ones = np.ones(len(found.names))
    weights = multiplicative(ones, ones, ones, found.T).weights
    return example_shares(weights, ones > 0, found.examples)


def anml(found: RoundNumbers, dials: Dials) -> Shares:
    """Go by the two-stage gate (Algorithm 1)."""
    return _combined(found, dials, dials.gate.weigh(found.q, found.s, found.T))


def blend(found: RoundNumbers, dials: Dials) -> Shares:
    """Count the softmax blend of q and s (Algorithm 2)."""
    weighting = softmax_blend(found.q, found.s, found.T, dials.gate.alpha, dials.gate.tau)
    return _combined(found, dials, weighting)


def gated_q(found: RoundNumbers, dials: Dials) -> Shares:
    """Count q and freshness: the gate's second stage, where s is not trusted."""
    # Multiplicative with v = r = 1, which says what is done where all are 0, too.
    ones = np.ones(len(found.names))
    return _combined(found, dials, multiplicative(found.q, ones, ones, found.T))


def q_only(found: RoundNumbers, dials: Dials) -> Shares:
    """Count q alone: what the paper calls Krum."""
    return example_shares(found.q, select_top(found.q, dials.fraction), found.examples)


def product(found: RoundNumbers, dials: Dials) -> Shares:
    """Multiply q v r T (Eq. 1)."""
    return _combined(found, dials, multiplicative(found.q, found.v, found.r, found.T))


def calibrated(found: RoundNumbers, dials: Dials) -> Shares:
    """Go by evidence, and by what credentials proved worth."""
    return _judged(found, found.examples).shares


def kept(found: RoundNumbers) -> NDArray[np.bool_]:
    """Find whom evidence keeps, whatever they count for."""
    with np.errstate(all="ignore"):
        return _judged(found, np.ones(len(found.names))).kept


def _judged(found: RoundNumbers, examples: Shares) -> Judged:
    llr = summed(found.evidence, len(found.names))
    return judge(llr, found.worth, found.copies, examples, trusted=found.trusted)


def kept_mean(found: RoundNumbers, dials: Dials) -> Shares:
    """Take the mean of whoever was kept, by examples: rules that only select."""
    return example_shares(np.ones(len(found.names)), found.selected, found.examples)


def times_measure(found: RoundNumbers, dials: Dials) -> Shares:
    """Count the rule's measure: rules that weigh by what they find for an update."""
    return _by_examples(found, np.where(found.measured > 0, found.measured, 0.0))


def over_measure(found: RoundNumbers, dials: Dials) -> Shares:
    """Count one over the rule's measure: rules that weigh by nearness."""
    return _by_examples(found, 1.0 / found.measured)


def cut_to_median(found: RoundNumbers, dials: Dials) -> Shares:
    """Count as far as the rule's measure does not exceed its median: a clipped length."""
    return _by_examples(found, norm_clipping(found.measured))


def _by_examples(found: RoundNumbers, weights: NDArray[np.float64]) -> Shares:
    return example_shares(weights, np.ones(len(found.names), dtype=bool), found.examples)


def _combined(found: RoundNumbers, dials: Dials, weighting: Weighting) -> Shares:
    chosen = np.ones(len(found.names), dtype=bool)
    if weighting.select:
        chosen = select_top(weighting.weights, dials.fraction)
    return example_shares(weighting.weights, chosen, found.examples)
