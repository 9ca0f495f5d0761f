"""Does our figure reproduce the paper's? One rule for all of them."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from studies.reproduction.intervals import Estimate

RULE = (
    "Reproduced: the paper's value lies inside our 95 % interval, widened on both sides by "
    "half the paper's own interval where it gives one. Otherwise, same direction: the paper's "
    "value and ours lie on the same side of their references. The reference of an error is "
    "Krum's error in the same table and condition (for Krum itself Uniform's; for want of "
    "these there is none); of an improvement or of Cohen's d it is zero; of a selected share "
    "it is Krum's share of the same group (for Krum itself 70 %); of rho_c it is tau_c = 0.3; "
    "of rho_d there is none. "
    "A paper's value that equals its reference (an improvement below 0.5 % in size counts as "
    "zero) asks for a reference of ours inside our interval. Otherwise: not reproduced."
)
"""The rule in words, as the page states it."""

_ROUNDING = 1e-9


class Verdict(StrEnum):
    """What became of one figure of the paper."""

    REPRODUCED = "reproduced"
    SAME_DIRECTION = "same direction"
    NOT_REPRODUCED = "not reproduced"
    NOT_RUN = "not run"


def verdict(
    paper: float,
    ours: Estimate,
    *,
    half_width: float = 0.0,
    references: tuple[float, float] | None = None,
    zero: float = 0.0,
) -> Verdict:
    """Compare one figure of the paper with ours, by `RULE`.

    Parameters
    ----------
    paper : float
        The paper's value.
    ours : Estimate
        Ours, in the same unit.
    half_width : float
        Half the paper's interval, >= 0.
    references : (float, float), optional
        The paper's reference and ours; None where there is none.
    zero : float
        Distance from its reference within which the paper's value counts as equal to it.

    Returns
    -------
    Verdict
        Never `NOT_RUN`.

    Examples
    --------
    >>> from studies.reproduction.intervals import Estimate
    >>> verdict(12.4, Estimate(13.0, 12.0, 14.0, 100)).value
    'reproduced'
    """
    if ours.low - half_width - _ROUNDING <= paper <= ours.high + half_width + _ROUNDING:
        return Verdict.REPRODUCED
    if references is None or math.isnan(ours.value):
        return Verdict.NOT_REPRODUCED
    of_paper, of_ours = references
    beyond = paper - of_paper
    if abs(beyond) <= zero + _ROUNDING:
        same = ours.holds(of_ours) or abs(ours.value - of_ours) <= _ROUNDING
    else:
        same = beyond * (ours.value - of_ours) > 0
    return Verdict.SAME_DIRECTION if same else Verdict.NOT_REPRODUCED
