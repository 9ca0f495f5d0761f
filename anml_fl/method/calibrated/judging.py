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
    """What evidence and credentials came to.

    Parameters
    ----------
    l : (n,) float64
        The evidence's sum, clipped, in nats.
    worth : (n,) float64
        What (v, r) add to it.
    slopes : (2,) float64
        What .1 more of v, and of r, is worth.
    posterior : (n,) float64
        Probability that a contributor is to be kept.
    kept : (n,) bool
    shares : (n,) float64
        Of the step, summing to 1; all 0 if nobody is kept.
    damping : float
        What the step is multiplied by, in [0, 1].
    """

    l: NDArray[np.float64]  # noqa: E741 - the method's symbol
    worth: NDArray[np.float64]
    slopes: NDArray[np.float64]
    posterior: NDArray[np.float64]
    kept: NDArray[np.bool_]
    shares: NDArray[np.float64]
    damping: float


def judge(
    evidence: Mapping[str, NDArray[np.float64]],
    credentials: tuple[NDArray[np.float64], NDArray[np.float64]] | None,
    copies: NDArray[np.float64],
    examples: NDArray[np.float64],
    *,
    trusted: bool,
) -> Judged:
    """Weigh contributors by evidence, and by what their credentials prove worth.

    e_i = l_i + logit(.8) - logit(.3), with l_i the evidence's log-likelihood ratios, summed
    and clipped to +-6; no credential is in it. Kept is who has e_i + s_i > 0, |s_i| <= c what
    its credentials are worth. Weight: FedAvg's, as far as it is earned, times the posterior
    sigmoid(l_i + logit(.8) + s_i), and one weight for all copies together.

    Parameters
    ----------
    evidence : mapping
        Kind to log-likelihood ratios (n,) in nats; empty where nothing is known.
    credentials : tuple of (n,) float64, optional
        v and r, in [0, 1]; None: they count for nothing.
    copies : (n,) float64
        Contributors that send one's update, itself included, >= 1.
    examples : (n,) float64
        Claimed counts, > 0.
    trusted : bool
        Whether rows vouch for the evidence.

    Examples
    --------
    >>> found = judge({"company": np.array([3.0, 3.0, -4.0])}, None, np.ones(3), np.ones(3),
    ...               trusted=True)
    >>> found.kept, found.shares.round(2)
    (array([ True,  True, False]), array([0.5, 0.5, 0. ]))
    """
    n = examples.size
    base = fedavg_shares(examples)
    llr = np.clip(sum(evidence.values(), np.zeros(n)), -_MOST, _MOST)
    e = llr + BASE - KEPT
    earned = e
    if not trusted:
        # Without trusted rows the majority is the measure: the better half is believed, but
        # not what it claims.
        best = llr >= np.median(llr)
        e, earned = np.where(best, np.maximum(e, C + 0.01), e), np.zeros(n)
    worth, slopes = np.zeros(n), np.zeros(2)
    if credentials is not None:
        verdicts = sigmoid(2.0 * (llr - np.median(llr)) + BASE)
        worth, slopes = credential_worth(verdicts, *credentials, BASE)
    kept = e + worth > 0
    posterior = sigmoid(e + KEPT + worth)
    rho = kept * posterior / copies
    weights = earned_shares(base, earned, C) * rho
    total = weights.sum()
    return Judged(
        l=llr,
        worth=worth,
        slopes=slopes,
        posterior=posterior,
        kept=kept,
        shares=weights / total if total > 0 else weights,
        damping=damping(sure_shares(base), rho),
    )
