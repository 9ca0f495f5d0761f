"""Why a round's contributors counted as they did, apart from the numbers of the round.

Of ten thousand it takes half a second, and their numbers a fifth of one: whoever goes through
rounds sees these at once.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from anml_fl.reasons.reply_words import plain
from server.page.json_numbers import number
from server.report.most_and_least import most_and_least

if TYPE_CHECKING:
    from collections.abc import Mapping

    from server.page.following import Following


def round_reasons(run: Following, strategy: str, number_: int) -> dict[str, Any]:
    """Tell why each contributor of a round counted as it did, and who least and most.

    Parameters
    ----------
    run : Following
    strategy : str
        One of its strategies.
    number_ : int
        The round.

    Returns
    -------
    dict
        `why` has the places of `round_columns`; `ends` is a sentence or two, "" where nobody
        has a weight.

    Raises
    ------
    OSError
        If there is no such round, or it is not there any more.
    ValueError, KeyError, TypeError
        If its line is none.
    """
    line = run.rounds[strategy].line(number_)
    told = why(run, strategy, number_, line)
    words = run.words(strategy, number_, line)
    if words is None:
        read = json.loads(line)["contributors"]
        people = [(one["contributor"], one["reason"], _weight(one)) for one in read]
    else:
        people = [
            (one.contributor, one.reason, one.weight) for one in words.record.contributors
        ]
    weights = {name: weight for name, reason, weight in people if reason is None}
    because = dict(zip((name for name, *_ in people), told, strict=True))
    ends = most_and_least(weights, because.__getitem__, f"in round {number_}")
    return {"round": number_, "why": told, "ends": ends}


def why(run: Following, strategy: str, number_: int, line: bytes) -> list[str]:
    """Say why each of a round's contributors counted as it did, in part of a sentence.

    Of a line that is no record, as one that somebody altered, it is what the line says of
    replies that were left out.

    Parameters
    ----------
    run, strategy, number_
        As of `round_reasons`.
    line : bytes
        The round's.
    """
    if (words := run.words(strategy, number_, line)) is not None:
        return words.why
    reasons = [one["reason"] for one in json.loads(line)["contributors"]]
    return ["" if reason is None else plain(str(reason)) for reason in reasons]


def _weight(person: Mapping[str, Any]) -> float:
    known = number(person["weight"])
    return math.nan if known is None else known
