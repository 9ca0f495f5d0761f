"""`calibrated`: weigh contributors by evidence, and by what credentials proved worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.calibrated.copies import copies, similarity
from anml_fl.method.calibrated.credential_worth import C
from anml_fl.method.calibrated.directions import units
from anml_fl.method.calibrated.earlier_doubt import EARLIER_DOUBT, doubt, earlier_doubt
from anml_fl.method.calibrated.evidence import DECAY, KINDS
from anml_fl.method.calibrated.influence import influence_bounds
from anml_fl.method.calibrated.judging import BASE, judge, learned, summed
from anml_fl.method.calibrated.log_odds import sigmoid
from anml_fl.method.calibrated.memory import Memory
from anml_fl.method.calibrated.nats import nats_for
from anml_fl.method.judgement import ContributorJudgement, RoundJudgement

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anml_fl.method.calibrated.observed import Observed

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
    """Weigh the contributors of a round: gather evidence on each, and judge by it.

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
    alike = copies(cosines)
    llr = summed(found, n)
    worth, slopes = learned(llr, v, r)
    judged = judge(llr, worth, alike, observed.examples, trusted=observed.root is not None)
    memory = memory.replaced("distrust", observed.contributors, 1.0 - sigmoid(llr + BASE))
    doubted = memory.of(EARLIER_DOUBT, observed.contributors, ())
    memory = memory.replaced(EARLIER_DOUBT, observed.contributors, doubt(llr, doubted))
    bounds = influence_bounds(observed.norms, observed.examples)
    return Verdict(
        shares=judged.shares,
        kept=judged.kept,
        contributors=tuple(
            ContributorJudgement(
                evidence={kind: float(of[i]) for kind, of in found.items()},
                l=float(llr[i]),
                worth=float(worth[i]),
                posterior=float(judged.posterior[i]),
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
            damping=judged.damping,
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
    root = observed.root
    # Where nobody vouches for any rows a majority is the measure, and may err for long.
    if root is not None and not root.donated:
        doubted = memory.of(EARLIER_DOUBT, observed.contributors, ())
        held = earlier_doubt(sum(found.values(), np.zeros(voices.size)), doubted)
        if held.any():
            found[EARLIER_DOUBT] = held
    return found, memory
