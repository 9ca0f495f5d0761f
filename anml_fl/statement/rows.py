"""The rounds of a statement as rows of its page: at most thirty, so that it stays one page."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from anml_fl.reasons.amounts import compact, percent
from anml_fl.reasons.decided import mean
from anml_fl.reasons.over_rounds import OverRounds
from anml_fl.reasons.over_rounds_words import because_over
from anml_fl.reasons.reply_words import what_came
from anml_fl.reasons.tally import Tally
from anml_fl.reasons.words import because, capital

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anml_fl.statement.statement import StatedRound, Statement

MOST = 30
"""Rows: of more rounds some that follow one another share one."""

ROOMY = 15
"""Reasons, at most, that leave room for large letters."""

# Letters of why, two lines of a printed row: of few reasons, and of many.
_WHY, _DENSE = 160, 125


@dataclass(frozen=True, slots=True)
class Row:
    """What is shown of one round, or of some that share a row.

    Parameters
    ----------
    rounds, examples, weight, earned : str
    bar, equal : float, optional
        Weight and an equal share, in percent of the longest bar.
    """

    rounds: str
    examples: str
    weight: str
    earned: str
    bar: float
    equal: float | None


@dataclass(frozen=True, slots=True)
class Told:
    """Rows that follow one another, of which one thing is to be told.

    Parameters
    ----------
    rows : tuple of Row
    status, why : str
        Of all of them.
    """

    rows: tuple[Row, ...]
    status: str
    why: str


def rows(statement: Statement) -> tuple[Told, ...]:
    """Write a statement's rounds as a table.

    Returns
    -------
    tuple of Told
        Of at most thirty rows in all.
    """
    stated = statement.rounds
    size = -(-len(stated) // MOST)
    if size == 1:
        # What decided in several rounds, one after the other, is said once.
        groups = [tuple(group) for _, group in groupby(stated, _what_came)]
    else:
        groups = [stated[start : start + size] for start in range(0, len(stated), size)]
    longest = max((max(one.weight or 0.0, _equal(one) or 0.0) for one in stated), default=1.0)
    return tuple(
        Told(
            tuple(
                _row(group[start : start + size], longest or 1.0)
                for start in range(0, len(group), size)
            ),
            _status(group),
            capital(cut(_why(statement, group), _WHY if len(groups) <= ROOMY else _DENSE)),
        )
        for group in groups
    )


def shown_status(one: StatedRound) -> str:
    """Say in words what its status is: whoever was absent was not refused."""
    return what_came(one.reason) if one.status == "refused" else one.status


def _what_came(one: StatedRound) -> tuple[str | None, ...]:
    factor, measure = (one.why.decided_by, one.why.measure) if one.why else (None, None)
    return one.status, one.reason, factor, measure


def _row(some: Sequence[StatedRound], longest: float) -> Row:
    """Write a row; numbers are means over its rounds, what was earned their sum."""
    first, last = some[0].round, some[-1].round
    examples = mean([one.examples for one in some if one.valid])
    weight = mean([one.weight for one in some])
    equal = mean([_equal(one) for one in some])
    return Row(
        rounds=str(first) if first == last else f"{first}–{last}",
        examples="—" if examples is None else compact(round(examples, 1)),
        weight=percent(weight),
        earned=f"{sum(one.payout for one in some):,}",
        bar=round(100 * (weight or 0.0) / longest, 1),
        equal=None if equal is None else round(100 * equal / longest, 1),
    )


def _equal(one: StatedRound) -> float | None:
    return one.why.equal if one.why else None


def _status(some: Sequence[StatedRound]) -> str:
    times = Counter(map(shown_status, some))
    if len(times) == 1:
        return shown_status(some[0])
    return ", ".join(f"{status} {count}" for status, count in times.items())


def _why(statement: Statement, some: Sequence[StatedRound]) -> str:
    reasons = [one.why for one in some if one.why is not None]
    if len(some) == 1 and reasons:
        return because(reasons[0])
    tally = Tally()
    for one in some:
        if one.why is not None:
            tally.add(one.why, made=one.new_model, others=())
    return because_over(
        OverRounds(
            contributor=statement.contributor,
            strategy=statement.strategy,
            **tally.result(),
        )
    )


def cut(text: str, letters: int) -> str:
    """Shorten a text that is safe to show.

    Examples
    --------
    >>> cut("nothing told it apart", 8)
    'nothing…'
    """
    return text if len(text) <= letters else f"{text[: letters - 1]}…"
