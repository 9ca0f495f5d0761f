"""From evidence and credentials to who is kept, with which share: of numbers a record has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.calibrated.claimed_counts import (
    earned_shares,
    fedavg_shares,
    sure_shares,
)
from anml_fl.method.calibrated.credential_worth import C, credential_worth
from anml_fl.method.calibrated.influence import damping
from anml_fl.method.calibrated.log_odds import logit, sigmoid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

BASE = logit(0.8)
"""Base rate: log-odds that a contributor is honest before anything is known of it."""

KEPT = logit(0.3)
"""Of who is kept: a posterior above .3. Whom evidence doubts is not convicted by it."""

# No sum of evidence counts for more, in nats.
_MOST = 6.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Whom evidence and credentials keep, and how much each counts.

    Parameters
    ----------
    posterior : (n,) float64
        Probability that a contributor is to be kept.
    kept : (n,) bool
    shares : (n,) float64
        Of the step, summing to 1; all 0 if nobody is kept.
    damping : float
        What the step is multiplied by, in [0, 1].
    """

    posterior: NDArray[np.float64]
    kept: NDArray[np.bool_]
    shares: NDArray[np.float64]
    damping: float


def summed(evidence: Mapping[str, NDArray[np.float64]], n: int) -> NDArray[np.float64]:
    """Sum log-likelihood ratios by kind, in nats, and clip them to +-6: l (n,).

    Examples
    --------
    >>> summed({"company": np.array([3.0, -9.0]), "root direction": np.ones(2)}, 2)
    array([ 4., -6.])
    """
    found: NDArray[np.float64] = np.clip(sum(evidence.values(), np.zeros(n)), -_MOST, _MOST)
    return found


def learned(
    llr: NDArray[np.float64], v: NDArray[np.float64], r: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Learn what (v, r) are worth from the evidence on the others, as `credential_worth`."""
    verdicts = sigmoid(2.0 * (llr - np.median(llr)) + BASE)
    return credential_worth(verdicts, v, r, BASE)


def judge(
    llr: NDArray[np.float64],
    worth: NDArray[np.float64],
    copies: NDArray[np.float64],
    examples: NDArray[np.float64],
    *,
    trusted: bool,
) -> Judged:
    """Weigh contributors by evidence, and by what their credentials proved worth.

    e_i = l_i + logit(.8) - logit(.3), with l_i the evidence's log-likelihood ratios, summed
    and clipped to +-6; no credential is in it. Kept is who has e_i + s_i > 0, |s_i| <= c what
    its credentials are worth. Weight: FedAvg's, as far as it is earned, times the posterior
    sigmoid(l_i + logit(.8) + s_i), and one weight for all copies together.

    Parameters
    ----------
    llr : (n,) float64
        l, as of `summed`.
    worth : (n,) float64
        s, as of `learned`.
    copies : (n,) float64
        Contributors that send one's update, itself included, >= 1.
    examples : (n,) float64
        Claimed counts, > 0.
    trusted : bool
        Whether rows vouch for the evidence.

    Examples
    --------
    >>> found = judge(np.array([3.0, 3.0, -4.0]), np.zeros(3), np.ones(3), np.ones(3),
    ...               trusted=True)
    >>> found.kept, found.shares.round(2)
    (array([ True,  True, False]), array([0.5, 0.5, 0. ]))
    """
    base = fedavg_shares(examples)
    e = llr + BASE - KEPT
    earned = e
    if not trusted:
        # Without trusted rows the majority is the measure: the better half is believed, but
        # not what it claims.
        best = llr >= np.median(llr)
        e, earned = np.where(best, np.maximum(e, C + 0.01), e), np.zeros(llr.size)
    kept = e + worth > 0
    posterior = sigmoid(e + KEPT + worth)
    rho = kept * posterior / copies
    weights = earned_shares(base, earned, C) * rho
    total = weights.sum()
    return Judged(
        posterior=posterior,
        kept=kept,
        shares=weights / total if total > 0 else weights,
        damping=damping(sure_shares(base), rho),
    )
