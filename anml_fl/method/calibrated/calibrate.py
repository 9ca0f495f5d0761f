"""`calibrated`: weigh contributors by evidence, and by what credentials proved worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.calibrated.claimed_counts import earned_shares, sure_shares
from anml_fl.method.calibrated.copies import copies, similarity
from anml_fl.method.calibrated.credential_worth import C, credential_worth
from anml_fl.method.calibrated.directions import units
from anml_fl.method.calibrated.evidence import DECAY, KINDS
from anml_fl.method.calibrated.influence import damping, influence_bounds
from anml_fl.method.calibrated.log_odds import logit, sigmoid
from anml_fl.method.calibrated.memory import Memory
from anml_fl.method.calibrated.nats import nats_for
from anml_fl.method.judgement import ContributorJudgement, RoundJudgement

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anml_fl.method.calibrated.observed import Observed

BASE = logit(0.8)
"""Base rate: log-odds that a contributor is honest before anything is known of it."""

# No sum of evidence counts for more, in nats.
_MOST = 6.0
# Who is kept: a posterior above .3. Whom evidence speaks against is doubted, not convicted.
_KEPT = logit(0.3)
_LEAST_VOICE = 0.2
_ALIKE_POWER = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a round came to.

    Parameters
    ----------
    shares : (n,) float64
        Of the step, summing to 1; all 0 if nobody is kept.
    kept : (n,) bool
    contributors : tuple of ContributorJudgement
    round : RoundJudgement
    memory : Memory
        For the next round.
    """

    shares: NDArray[np.float64]
    kept: NDArray[np.bool_]
    contributors: tuple[ContributorJudgement, ...]
    round: RoundJudgement
    memory: Memory


def calibrate(
    observed: Observed, v: NDArray[np.float64], r: NDArray[np.float64], memory: Memory
) -> Verdict:
    """Weigh the contributors of a round.

    e_i = l_i + logit(.8) - logit(.3), with l_i the evidence's log-likelihood ratios, summed
    and clipped to +-6; no credential is in it. Kept is who has e_i + s_i > 0, |s_i| <= c what
    its credentials are worth. Weight: FedAvg's, as far as it is earned, times the posterior
    sigmoid(l_i + logit(.8) + s_i), and one weight for all copies together.

    Parameters
    ----------
    observed : Observed
    v, r : (n,) float64
        Verification and reputation, in [0, 1].
    memory : Memory
        Of the round before.

    Returns
    -------
    Verdict
    """
    n = len(observed.contributors)
    unit, memory = observed.folded, memory.aged(("", *observed.contributors))
    memory = memory.added(
        "residuals", observed.contributors, units(unit - unit.mean(0)), DECAY
    )
    cosines = similarity(memory.of("residuals", observed.contributors, unit.shape[1:]))
    trust = memory.of("distrust", observed.contributors, ())
    voices = np.maximum(1.0 - trust, _LEAST_VOICE) / (cosines**_ALIKE_POWER).sum(axis=1)
    found, memory = _evidence(observed, memory, voices)
    llr = np.clip(sum(found.values(), np.zeros(n)), -_MOST, _MOST)
    e = llr + BASE - _KEPT
    earned = e
    if observed.root is None:
        # Without trusted rows the majority is the measure: the better half is believed, but
        # not what it claims.
        best = llr >= np.median(llr)
        e, earned = np.where(best, np.maximum(e, C + 0.01), e), np.zeros(n)
    verdicts = sigmoid(2.0 * (llr - np.median(llr)) + BASE)
    worth, slopes = credential_worth(verdicts, v, r, BASE)
    kept = e + worth > 0
    posterior = sigmoid(e + _KEPT + worth)
    alike = copies(cosines)
    rho = kept * posterior / alike
    weights = earned_shares(observed.base, earned, C) * rho
    memory = memory.replaced("distrust", observed.contributors, 1.0 - sigmoid(llr + BASE))
    total = weights.sum()
    bounds = influence_bounds(observed.norms, observed.examples)
    return Verdict(
        shares=weights / total if total > 0 else weights,
        kept=kept,
        contributors=tuple(
            ContributorJudgement(
                evidence={kind: float(of[i]) for kind, of in found.items()},
                l=float(llr[i]),
                worth=float(worth[i]),
                posterior=float(posterior[i]),
                copies=float(alike[i]),
                norm=float(observed.norms[i]),
                bound=float(bounds[i]),
            )
            for i in range(n)
        ),
        round=RoundJudgement(
            root="none" if observed.root is None else observed.root.about,
            base_rate=BASE,
            c=C,
            slopes={"v": float(slopes[0]), "r": float(slopes[1])},
            cap=observed.cap,
            damping=damping(sure_shares(observed.base), rho),
        ),
        memory=memory,
    )


def _evidence(
    observed: Observed, memory: Memory, voices: NDArray[np.float64]
) -> tuple[dict[str, NDArray[np.float64]], Memory]:
    """Log-likelihood ratios by kind, in nats."""
    found: dict[str, NDArray[np.float64]] = {}
    for kind, (nats, neutral) in nats_for(observed).items():
        values, memory = KINDS[kind](observed, memory, voices)
        found[kind] = nats * (values - neutral)
    return found, memory
