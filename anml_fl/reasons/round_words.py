"""What decided a round as a whole, in words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from anml_fl.reasons.amounts import apart
from anml_fl.reasons.round_numbers import NONE
from anml_fl.system.untrusted_text import visible

if TYPE_CHECKING:
    from anml_fl.reasons.round_reasons import RoundReasons

# Letters of what was recorded, and of a name.
_TOLD, _NAME = 300, 80


def decision(reasons: RoundReasons) -> str:
    """Say how a round's weights were made: a part of a sentence.

    Parameters
    ----------
    reasons : RoundReasons

    Returns
    -------
    str
        With what was noted in the round; empty where no more is known.

    Examples
    --------
    >>> from anml_fl.method.records import ContributorRecord, RoundRecord
    >>> from anml_fl.reasons.round_reasons import RoundReasons
    >>> from anml_fl.reasons.schemes import Dials
    >>> people = tuple(
    ...     ContributorRecord(who, q, 0.9, 0.5, 1.0, 0.45, 0.5, True, examples=100.0)
    ...     for who, q in (("a", 1.0), ("b", 0.2))
    ... )
    >>> record = RoundRecord(1, "anml", "uniform", 0.1, 0.45, people, note="two replies")
    >>> decision(RoundReasons(record, Dials()))
    'nobody was doubted: outside signals are 0.45 and more, above 0.35; noted: two replies'
    """
    record = reasons.record
    said = []
    if not any(one.selected for one in record.contributors):
        said.append("nobody's update was used")
    elif record.judgement is not None:
        root = record.judgement.root
        whose = "no rows vouch" if root == NONE else f"{visible(root, _NAME)} vouch"
        said.append(f"evidence on each update was weighed, and {whose} for it")
    elif record.measure is not None:
        said.append(f"what counted is the {visible(record.measure.name, _NAME)}")
    else:
        said.append(since(reasons))
    if record.note:
        said.append(f"noted: {visible(record.note, _TOLD)}")
    return "; ".join(filter(None, said))


def since(reasons: RoundReasons) -> str:
    """Say why these signals counted, and not others: the gate's decision.

    Returns
    -------
    str
        Empty where no gate decided, or the weights are not what it makes of the record.
    """
    record, gate = reasons.record, reasons.dials.gate
    if not reasons.reproduced or record.judgement:
        return ""
    if record.branch == "uniform":
        least, bound = apart(record.min_s, gate.tau_h)
        return f"nobody was doubted: outside signals are {least} and more, above {bound}"
    if record.branch == "multiplicative":
        return "the product q · v · r · T counted"
    rho, bound = apart(record.rho_c, gate.tau_c)
    if record.branch == "krum":
        if record.strategy == "q_only":
            return ""
        if math.isnan(record.rho_c):
            whose = "outside signals" if reasons.same_outside else "updates' distances"
            return f"nothing but q counted: {whose} were the same for all"
        return (
            "nothing but q counted: outside signals do not go along with it"
            f" (rho_c = {rho}, not above {bound})"
        )
    if record.branch == "blend" and record.strategy != "softmax_blend":
        return f"outside signals counted too: they go along with q (rho_c = {rho} > {bound})"
    return ""
