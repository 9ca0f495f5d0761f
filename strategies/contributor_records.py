"""The account that a round gives: of everyone who was asked, and of itself."""

from __future__ import annotations

import math
from collections import Counter
from logging import WARNING
from typing import TYPE_CHECKING

from flwr.common.logger import log

from anml_fl.method.records import ContributorRecord

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from anml_fl.method.records import RoundRecord
    from anml_fl.registry.interface import Signals
    from strategies.cohort import Cohort
    from strategies.decision import Decision
    from strategies.screening import Screened


def accounts(
    screened: Screened,
    signals: Signals,
    cohort: Cohort,
    decision: Decision | None,
    refused: Mapping[str, tuple[str, ...]],
) -> tuple[ContributorRecord, ...]:
    """Record everyone who was asked, by stable identity."""
    place = {name: i for i, name in enumerate(cohort.contributors)}
    found = []
    for i, name in enumerate(screened.everyone):
        j = place.get(name)
        found.append(
            ContributorRecord(
                contributor=name,
                q=math.nan if j is None else float(cohort.q[j]),
                v=float(signals.v[i]),
                r=float(signals.r[i]),
                T=float(signals.T[i]),
                s=float(signals.s[i]),
                weight=float(decision.weights[j]) if decision and j is not None else 0.0,
                selected=bool(decision.selected[j]) if decision and j is not None else False,
                reason=screened.left_out.get(name),
                refused_credentials=refused.get(name, ()),
                egress=screened.policies.get(name),
            )
        )
    return tuple(found)


def summary(record: RoundRecord) -> str:
    """Say why a round changed nothing: its note, and the first reasons of those left out."""
    reasons = sorted({*(c.reason for c in record.contributors if c.reason), *record.refused})
    shown = "; ".join(reasons[:3])
    return f"{record.note} ({shown})" if shown else f"{record.note}"


def warn(record: RoundRecord, mendable: Collection[str]) -> None:
    """Log why a round changed nothing, and what its users have to mend.

    Parameters
    ----------
    record : RoundRecord
    mendable : collection of str
        Reasons for which no contributor is left out by its own doing.
    """
    reasons = Counter(c.reason for c in record.contributors if c.reason)
    if not any(one.selected for one in record.contributors):
        log(WARNING, "round %d: %s", record.round, summary(record))
    for reason in sorted(reasons.keys() & mendable):
        log(WARNING, "round %d: %d left out: %s", record.round, reasons[reason], reason)
