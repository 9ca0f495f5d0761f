"""The account that a round gives: of everyone who was asked, and of itself."""

from __future__ import annotations

import math
from collections import Counter
from logging import INFO, WARNING
from typing import TYPE_CHECKING

import numpy as np
from flwr.common.logger import log

from anml_fl.method.records import ContributorRecord
from strategies.instruction import NO_ECHO

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from anml_fl.method.records import RoundRecord
    from anml_fl.registry.interface import Signals
    from strategies.cohort import Cohort
    from strategies.decision import Decision
    from strategies.screening import Screened

# So many names are shown in one line.
_SHOWN = 10


def accounts(
    screened: Screened,
    signals: Signals,
    cohort: Cohort,
    decision: Decision | None,
    refused: Mapping[str, tuple[str, ...]],
) -> tuple[ContributorRecord, ...]:
    """Record everyone who was asked, by stable identity."""
    everyone = screened.everyone
    place = {name: i for i, name in enumerate(everyone)}
    valid = [place[name] for name in cohort.contributors]
    q, weights = np.full(len(everyone), math.nan), np.zeros(len(everyone))
    selected = np.zeros(len(everyone), dtype=bool)
    examples, measured = np.full((2, len(everyone)), math.nan)
    q[valid], examples[valid] = cohort.q, cohort.examples
    if decision:
        weights[valid], selected[valid] = decision.weights, decision.selected
        if decision.measured is not None:
            measured[valid] = decision.measured
    judged = decision.judgements if decision else ()
    judgements = dict(zip(cohort.contributors, judged, strict=False))
    # In columns: a number taken out of an array by itself costs as much as all of a row.
    columns = (
        q, signals.v, signals.r, signals.T, signals.s, weights, selected, examples, measured,
    )  # fmt: skip
    rows = zip(everyone, *(column.tolist() for column in columns), strict=True)
    return tuple(
        ContributorRecord(
            name,
            consistency,
            v,
            r,
            T,
            s,
            weight,
            chosen,
            screened.left_out.get(name),
            refused.get(name, ()),
            screened.policies.get(name),
            judgements.get(name),
            None if math.isnan(count) else count,
            None if math.isnan(number) else number,
        )
        for name, consistency, v, r, T, s, weight, chosen, count, number in rows
    )


def summary(record: RoundRecord) -> str:
    """Say why a round changed nothing: its note, and the first reasons of those left out."""
    reasons = sorted({*(c.reason for c in record.contributors if c.reason), *record.refused})
    shown = "; ".join(reasons[:3])
    return f"{record.note} ({shown})" if shown else f"{record.note}"


def warn(record: RoundRecord, mendable: Collection[str]) -> None:
    """Log why a round changed nothing, whom it doubts, and what its users have to mend.

    Parameters
    ----------
    record : RoundRecord
    mendable : collection of str
        Reasons for which no contributor is left out by its own doing.
    """
    reasons = Counter(c.reason for c in record.contributors if c.reason)
    doubted = [c.contributor for c in record.contributors if c.judgement and not c.selected]
    if not any(one.selected for one in record.contributors):
        log(WARNING, "round %d: %s", record.round, summary(record))
    elif doubted:
        log(INFO, "round %d: evidence speaks against %s", record.round, listed(doubted))
    for reason in sorted(reasons.keys() & mendable):
        log(WARNING, "round %d: %d left out: %s", record.round, reasons[reason], reason)


def listed(names: Sequence[str]) -> str:
    """Name some of them.

    Examples
    --------
    >>> listed(["a", "b"]), listed([str(n) for n in range(1000)])
    ('a, b', '0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 990 more')
    """
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def warn_silent(record: RoundRecord, told: Collection[str]) -> frozenset[str]:
    """Log who replies without the round's secret, each of them once; returns who was named."""
    new = [who for who in _silent(record) if who not in told]
    if new:
        log(WARNING, "round %d: %s left out: %s", record.round, listed(new), NO_ECHO)
    return frozenset(new)


def stop_silent(record: RoundRecord) -> None:
    """End a run in which nobody has echoed yet, where that is for want of the mod.

    A single one that lacks it, while all others are late, cannot end the run for them.

    Raises
    ------
    RuntimeError
        If half of those who were asked replied without the round's secret.
    """
    silent = _silent(record)
    if silent and 2 * len(silent) >= len(record.contributors):
        raise RuntimeError(
            f"{NO_ECHO}: {len(silent)} of {len(record.contributors)} contributors replied to"
            f" round {record.round}, and none of them with it. Either app ="
            " ClientApp(mods=[echo_nonce]) or app = wrap(app), both from anml_fl"
        )


def _silent(record: RoundRecord) -> list[str]:
    return [one.contributor for one in record.contributors if one.reason == NO_ECHO]
