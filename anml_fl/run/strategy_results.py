"""What a strategy's rounds add up to, as `summary.json` has it."""

from __future__ import annotations

import math
from statistics import fmean
from typing import TYPE_CHECKING

from anml_fl.behaviour import is_honest
from anml_fl.run.participants import UNKNOWN
from anml_fl.run.schema import StrategySummary
from anml_fl.settings.federation import HONEST

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from anml_fl.method.records import RoundRecord


def strategy_results(
    records: Sequence[RoundRecord],
    behaviours: Mapping[str, str],
    seconds: float | None = None,
    best: int | None = None,
    claimed: float | None = None,
) -> StrategySummary:
    """Sum a strategy's rounds up.

    Parameters
    ----------
    records : sequence of RoundRecord
        At least one.
    behaviours : mapping
        By contributor.
    seconds : float, optional
        Wall-clock time of all rounds.
    best : int, optional
        The round whose model was kept, if that was to be the best one.
    claimed : float, optional
        What nodes claim of it, the median.

    Returns
    -------
    StrategySummary
        Errors and weights are fractions, None is unknown.
    """
    honest = {kind for kind in {HONEST, *behaviours.values()} if is_honest(kind)}
    attackers = frozenset(name for name, kind in behaviours.items() if kind not in honest)
    found = [_attackers_share(record, attackers) for record in records]
    # Rounds in which attackers got nothing count; those without a new model do not.
    shares = [share for share in found if share is not None]
    finite = [share for share in shares if not math.isnan(share)]
    weight = (fmean(finite) if finite else None) if shares else 0.0
    if behaviours and set(behaviours.values()) == {UNKNOWN}:
        weight = None
    branches = dict.fromkeys(("blend", "krum", "uniform"), 0)
    for record in records:
        if record.branch is not None:
            branches[record.branch] = branches.get(record.branch, 0) + 1
    kept = records[-1 if best is None else best - 1]
    judged = any(record.judgement for record in records)
    return StrategySummary(
        test_error=_known(kept.test_error),
        attacker_weight=weight,
        branches=branches,
        excluded=sum(record.excluded for record in records),
        rounds=len(records),
        seconds=seconds,
        test_score=_known(kept.test_score),
        best_round=best,
        claimed=claimed,
        doubted=sum(map(doubted, records)) if judged else None,
    )


def doubted(record: RoundRecord) -> int:
    """Count the valid replies that evidence left out of a round's model."""
    return sum(c.judgement is not None and not c.selected for c in record.contributors)


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _attackers_share(record: RoundRecord, attackers: Collection[str]) -> float | None:
    """Share of the new model that came from attackers; None without a new model."""
    weights = [c.weight for c in record.contributors if c.selected]
    if not weights:
        return None
    return sum(
        c.weight for c in record.contributors if c.selected and c.contributor in attackers
    )
