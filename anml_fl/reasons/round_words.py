"""What decided a round as a whole, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.reasons.gate_words import since
from anml_fl.reasons.round_numbers import NONE
from anml_fl.reasons.vouching import vouched
from anml_fl.system.untrusted_text import visible

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anml_fl.reasons.round_reasons import RoundReasons

# Letters of what was recorded, and of a name.
_TOLD, _NAME = 300, 80


def decision(reasons: RoundReasons, settings: Mapping[str, Any] | None = None) -> str:
    """Say how a round's weights were made: a part of a sentence.

    Parameters
    ----------
    reasons : RoundReasons
    settings : mapping, optional
        As `config.toml` has them: they say whose rows the trusted ones are.

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
    >>> nan = float("nan")
    >>> record = RoundRecord(1, "anml", "uniform", nan, 0.45, people, note="two")
    >>> decision(RoundReasons(record, Dials()))
    'nobody was doubted: outside signals (v · r) are 0.45 and more, above 0.35; noted: two'
    """
    record = reasons.record
    said = []
    if not any(one.selected for one in record.contributors):
        said.append("nobody's update was used")
    elif record.judgement is not None:
        root = record.judgement.root
        whose = "no rows vouch" if root == NONE else f"{vouched(root, settings or {})} vouch"
        said.append(f"evidence on each update was weighed, and {whose} for it")
    elif record.measure is not None:
        said.append(f"what counted is the {visible(record.measure.name, _NAME)}")
    elif reasons.reproduced or record.branch is None:
        said.append(since(reasons))
    elif np.isnan(reasons.numbers.examples).any():
        said.append(
            "its record does not say how many examples each update counts for, so that nothing"
            " is said of what else its weights would have been"
        )
    else:
        said.append(
            "its weights are not those that the settings make of its record, so that nothing"
            " is said of what else they would have been"
        )
    if record.note:
        said.append(f"noted: {visible(record.note, _TOLD)}")
    return "; ".join(filter(None, said))
