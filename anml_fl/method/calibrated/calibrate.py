"""`calibrated`: weigh contributors by evidence, and by what credentials proved worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, logit

from anml_fl.method.calibrated import evidence as kinds
from anml_fl.method.calibrated.base_rate import base_rate
from anml_fl.method.calibrated.company import settled, significance
from anml_fl.method.calibrated.copies import copies, similarity
from anml_fl.method.calibrated.credential_worth import C, credential_worth
from anml_fl.method.calibrated.directions import units
from anml_fl.method.calibrated.influence import damping, influence_bounds
from anml_fl.method.calibrated.memory import Memory
from anml_fl.method.judgement import ContributorJudgement, RoundJudgement

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anml_fl.method.calibrated.observed import Observed
    from anml_fl.method.calibrated.root import Root

# Nats for one unit of each kind of evidence, whose units are the median contributor's.
_FUNCTION, _DIRECTION = 3.7, 3.0
# Where they speak neither for nor against.
_NEUTRAL = 2.5 / (_FUNCTION + _DIRECTION)
_ROWS, _ROWS_NEUTRAL = 6.0, 0.6
_MOST = 6.0
# Who is kept: a posterior above .3. Whom evidence speaks against is doubted, not convicted.
_KEPT = float(logit(0.3))
_COMPANY, _COMPANY_MOST, _COMPANY_MEMORY = 0.7, 4.0, 0.8
_LEAST_VOICE = 0.2
_ALIKE_POWER = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a round came to.

    Parameters
    ----------
    shares : (n,) float64
        Of the step, summing to 1; all 0 if nobody is kept.
    damping : float
        Factor of the step, in [0, 1]: 1 but where few are kept.
    kept : (n,) bool
    contributors : tuple of ContributorJudgement
    round : RoundJudgement
    memory : Memory
        For the next round.
    """

    shares: NDArray[np.float64]
    damping: float
    kept: NDArray[np.bool_]
    contributors: tuple[ContributorJudgement, ...]
    round: RoundJudgement
    memory: Memory


def calibrate(
    observed: Observed, v: NDArray[np.float64], r: NDArray[np.float64], memory: Memory
) -> Verdict:
    """Weigh the contributors of a round.

    e_i = l_i + base - logit(.3), with l_i the evidence's log-likelihood ratios, summed and
    clipped to +-6; no credential is in it. Kept is who has e_i + s_i > 0, |s_i| <= c what its
    credentials are worth. Weight: FedAvg's times the posterior sigmoid(l_i + base + s_i), a
    weight for all copies together.

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
    unit = observed.folded
    memory = memory.added(
        "residuals", observed.contributors, units(unit - unit.mean(0)), kinds.SLOW
    )
    cosines = similarity(memory.of("residuals", observed.contributors, unit.shape[1:]))
    trust = memory.of("distrust", observed.contributors, ())
    voices = np.maximum(1.0 - trust, _LEAST_VOICE) / (cosines**_ALIKE_POWER).sum(axis=1)
    found, memory = _evidence(observed, memory, voices)
    llr = np.clip(sum(found.values(), np.zeros(n)), -_MOST, _MOST)
    base = base_rate(llr)
    e = llr + base - _KEPT
    if observed.root is None:
        # Without trusted rows the majority is the measure: the better half is believed.
        best = np.argsort(-llr, kind="stable")[: -(-n // 2)]
        e[best] = np.maximum(e[best], C + 0.01)
    verdicts = expit(2.0 * (llr - np.median(llr)) + base)
    worth, slopes = credential_worth(verdicts, v, r, base)
    kept = e + worth > 0
    posterior = expit(e + _KEPT + worth)
    alike = copies(cosines)
    weights = observed.base * kept * posterior / alike
    memory = memory.replaced("distrust", observed.contributors, 1.0 - expit(llr + base))
    total = weights.sum()
    bounds = influence_bounds(observed.norms, observed.base)
    return Verdict(
        shares=weights / total if total > 0 else weights,
        damping=damping(weights),
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
            base_rate=base,
            c=C,
            slopes={"v": float(slopes[0]), "r": float(slopes[1])},
            cap=observed.cap,
        ),
        memory=memory,
    )


def _evidence(
    observed: Observed, memory: Memory, voices: NDArray[np.float64]
) -> tuple[dict[str, NDArray[np.float64]], Memory]:
    """Log-likelihood ratios by kind, in nats."""
    found: dict[str, NDArray[np.float64]] = {}
    root = observed.root
    if root is None:
        if observed.layer is not None:
            rows, memory = kinds.output_rows(observed, memory, voices)
            found["output rows"] = _ROWS * (rows - _ROWS_NEUTRAL)
        return found, memory
    function, memory = kinds.root_function(observed, memory, root)
    found["root function"] = _FUNCTION * (function - _NEUTRAL)
    direction, memory = kinds.root_direction(observed, memory, root)
    found["root direction"] = _DIRECTION * (direction - _NEUTRAL)
    return _in_company(observed, memory, root, found)


def _in_company(
    observed: Observed, memory: Memory, root: Root, found: dict[str, NDArray[np.float64]]
) -> tuple[dict[str, NDArray[np.float64]], Memory]:
    """Add what each brings to the company of those that the other evidence keeps."""
    who, shape = observed.contributors, (root.labels.size,)
    before = _COMPANY_MEMORY * memory.of("gains", who, shape)
    gains, _ = settled(observed, root, before, np.ones(len(who), dtype=bool))
    memory = memory.replaced("gains", who, before + gains)
    z = np.clip(significance(before + gains), -_COMPANY_MOST, _COMPANY_MOST)
    return {**found, "company": _COMPANY * z}, memory
