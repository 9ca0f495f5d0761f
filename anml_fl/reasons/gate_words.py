"""Why these signals counted, and not others, in words: what the combination decided."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from anml_fl.method.combination import multiplicative, softmax_blend
from anml_fl.reasons.amounts import apart

if TYPE_CHECKING:
    from anml_fl.method.combination import Weighting
    from anml_fl.reasons.round_numbers import RoundNumbers
    from anml_fl.reasons.round_reasons import RoundReasons
    from anml_fl.reasons.schemes import Dials

_ROUNDING = 1e-9


def since(reasons: RoundReasons) -> str:
    """Say what the gate decided, or another combination; nothing of rules of another kind.

    Nothing either where the combination, asked again, decides otherwise than was recorded.

    Parameters
    ----------
    reasons : RoundReasons

    Returns
    -------
    str
        A part of a sentence.
    """
    record, found = reasons.record, reasons.numbers
    if not reasons.reproduced:
        return ""
    weighting = _asked_again(record.strategy, found, reasons.dials)
    if weighting is None or not (
        weighting.branch == record.branch
        and _same(weighting.rho_c, record.rho_c)
        and _same(weighting.min_s, record.min_s)
    ):
        return ""
    if weighting.reason:
        return "every weight came out as zero, so that all count the same instead"
    if record.strategy == "multiplicative":
        return "the product q · v · r · T counted"
    if record.strategy == "softmax_blend":
        return ""
    return _of_the_gate(weighting, found, reasons.dials)


def _of_the_gate(weighting: Weighting, found: RoundNumbers, dials: Dials) -> str:
    if weighting.branch == "uniform":
        least, bound = apart(weighting.min_s, dials.gate.tau_h)
        return (
            f"nobody was doubted: outside signals (v · r) are {least} and more, above {bound}"
        )
    rho, bound = apart(weighting.rho_c, dials.gate.tau_c)
    if weighting.branch == "blend":
        return f"outside signals counted too: they go along with q (rho_c = {rho} > {bound})"
    if (found.s == found.s[0]).all():
        return "outside signals (v · r) did not count: they are the same for all"
    if math.isnan(weighting.rho_c):
        return (
            "outside signals did not count: q is the same for all, so that nothing shows"
            " whether they go along with it"
        )
    return (
        "outside signals did not count: they do not go along with q"
        f" (rho_c = {rho}, not above {bound})"
    )


def _asked_again(strategy: str, found: RoundNumbers, dials: Dials) -> Weighting | None:
    gate = dials.gate
    if strategy == "anml":
        return gate.weigh(found.q, found.s, found.T)
    if strategy == "softmax_blend":
        return softmax_blend(found.q, found.s, found.T, gate.alpha, gate.tau)
    if strategy == "multiplicative":
        return multiplicative(found.q, found.v, found.r, found.T)
    return None


def _same(one: float, other: float) -> bool:
    both = math.isnan(one) and math.isnan(other)
    return both or abs(one - other) <= _ROUNDING
