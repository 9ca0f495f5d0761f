"""How much more evidence would have kept somebody."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.calibrated.judging import BASE, KEPT, summed
from anml_fl.reasons.held_back import held_back

if TYPE_CHECKING:
    from anml_fl.reasons.round_numbers import RoundNumbers


def missing(found: RoundNumbers, row: int) -> float | None:
    """Find how many more nats would have kept one that evidence left out.

    The others' evidence, and what credentials proved worth, stay what they are.

    Parameters
    ----------
    found : RoundNumbers
        Of a round in which evidence was weighed, as `judging.judge` weighs it.
    row : int

    Returns
    -------
    float or None
        > 0; None for whoever was kept, and whom earlier doubt held back: no evidence of this
        round would have kept it.
    """
    if found.counted[row] or held_back(found.evidence, row):
        return None
    wanted = KEPT - BASE - float(found.worth[row])
    if not found.trusted:
        # Without trusted rows the better half is kept, too: from its median on.
        llr = summed(found.evidence, len(found.names))
        others = np.sort(np.delete(llr, row))
        wanted = min(wanted, float(others[(len(others) - 1) // 2]))
    short = wanted - float(sum(of[row] for of in found.evidence.values()))
    return short if short > 0 and math.isfinite(short) else None
