"""What came of an attack: the model's error, and what the rule let the attackers do."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from anml_fl.method.records import RoundRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """An attacked federation, when it is over.

    Parameters
    ----------
    error : float
        Of the final model on the test rows, in [0, 1].
    weight : float
        The attackers' share of the model's steps, the mean over rounds, in [0, 1]; nan under a
        rule without weights.
    honest_kept : float
        Share of the honest updates that were selected, over all rounds, in [0, 1].
    bound_used : float
        The largest part of its influence bound that an attacker used, over all rounds, in
        [0, 1]; nan under a rule that prints no bound.
    """

    error: float
    weight: float
    honest_kept: float
    bound_used: float


def outcome_of(error: float, records: Sequence[RoundRecord], bad: Collection[str]) -> Outcome:
    """Sum the rounds of a federation up.

    Parameters
    ----------
    error : float
    records : sequence of RoundRecord
        Of all rounds.
    bad : collection of str
        Who attacks.
    """
    weights, kept, used = [], [], []
    for record in records:
        people = record.contributors
        weights.append(sum(one.weight for one in people if one.contributor in bad))
        kept += [one.selected for one in people if one.contributor not in bad]
        for one in people:
            if one.contributor in bad and one.judgement and record.judgement:
                moved = one.weight * min(one.judgement.norm, record.judgement.cap)
                used.append(moved / max(one.judgement.bound, 1e-12))
    return Outcome(
        error=error,
        weight=float(np.mean(weights)),
        honest_kept=float(np.mean(kept)),
        bound_used=max(used) if used else math.nan,
    )
