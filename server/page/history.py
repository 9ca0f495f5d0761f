"""What is told of several rounds: curves, and one contributor's history."""

from __future__ import annotations

import json
import math
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from server.page.claimed import claimed_medians
from server.page.columns import reply
from server.page.json_numbers import number

if TYPE_CHECKING:
    from server.page.following import Following
    from server.page.rounds_file import RoundsFile

MOST_ROUNDS = 200
"""Rounds of one answer; of more, evenly thinned out, and always with the last."""
MOST_REASONS = 50_000
"""Contributors times rounds of which a history works out the reasons, from the last round."""


def curves(run: Following) -> dict[str, Any]:
    """Tell how good each strategy's model was round by round, and who was missing."""
    return {"strategies": {name: _curve(rounds) for name, rounds in run.rounds.items()}}


def _curve(rounds: RoundsFile) -> dict[str, list[Any]]:
    places = rounds.places
    tested = any(number(one.fields["test_error"]) is not None for one in places.values())
    medians = {} if tested else claimed_medians(rounds.folder, rounds.strategy)
    return {
        "claimed": [medians.get(one) for one in places],
        "rounds": list(places),
        "error": [number(one.fields["test_error"]) for one in places.values()],
        "score": [number(one.fields.get("test_score")) for one in places.values()],
        "branch": [one.fields["branch"] for one in places.values()],
        "left_out": [one.left_out for one in places.values()],
        "missing": [one.missing for one in places.values()],
        "asked": [len(one.names) for one in places.values()],
    }


def contributor_history(run: Following, strategy: str, name: str) -> dict[str, Any] | None:
    """Tell of one contributor over the rounds that asked it.

    Parameters
    ----------
    run : Following
    strategy, name : str

    Returns
    -------
    dict or None
        None of a stranger. `paid` is what each round paid, None where the strategy pays
        nobody; `why` is None of rounds that are too many to work out at once; `present`
        counts the rounds that asked it.

    Raises
    ------
    OSError, ValueError
        If a line is not there any more.
    """
    rounds = run.rounds[strategy]
    asked = [number_ for number_, place in rounds.places.items() if name in place.names]
    if not asked:
        return None
    numbers = thinned(asked)
    people, told = _of_rounds(run, strategy, name, numbers)
    judged = any(one.get("judgement") for one in people)
    pays = strategy == run.ledger.strategy
    return {
        "contributor": name,
        "rounds": numbers,
        **{
            kind: [number(one[kind]) for one in people]
            for kind in ("weight", "q", "s", "v", "r", "T")
        },
        "selected": [one["selected"] for one in people],
        "reason": [one["reason"] for one in people],
        "reply": [reply(one) for one in people],
        "why": told,
        "posterior": [number((one.get("judgement") or {}).get("posterior")) for one in people]
        if judged
        else None,
        "paid": [_paid(run, number_, name) for number_ in numbers] if pays else None,
        "last_seen": max(
            (n for n, one in zip(numbers, people, strict=True) if one["q"] is not None),
            default=0,
        ),
        "present": len(asked),
    }


def _of_rounds(
    run: Following, strategy: str, name: str, numbers: list[int]
) -> tuple[list[dict[str, Any]], list[str | None]]:
    """Read one contributor out of some rounds, and say why it counted as it did in each."""
    rounds, left = run.rounds[strategy], MOST_REASONS
    people: list[dict[str, Any]] = []
    told: list[str | None] = []
    for number_ in reversed(numbers):
        line = rounds.line(number_)
        people.append(_person(line, name))
        left -= len(rounds.places[number_].names)
        told.append(_why(run, strategy, number_, name, line) if left >= 0 else None)
    return people[::-1], told[::-1]


def _why(run: Following, strategy: str, number_: int, name: str, line: bytes) -> str | None:
    words = run.words(strategy, number_, line)
    with suppress(KeyError):  # half a letter in a name, which no text has
        if words is not None:
            return words.because(name)
    return None


def _person(line: bytes, name: str) -> dict[str, Any]:
    """Read one contributor out of a round's line, by a text that stands there once."""
    at = line.find(b'"contributor":' + json.dumps(name).encode() + b",")
    start = line.rfind(b'{"T":', 0, at) if at >= 0 else -1
    if start >= 0:
        # No contributor's record is as long as this, but for the texts in it.
        for most in (1 << 14, len(line)):
            try:
                text = line[start : start + most].decode(errors="replace")
                found, _ = json.JSONDecoder().raw_decode(text)
            except ValueError:
                continue
            if isinstance(found, dict) and found.get("contributor") == name:
                return found
    people = json.loads(line)["contributors"]
    return next(one for one in people if one["contributor"] == name)


def _paid(run: Following, number_: int, name: str) -> int | None:
    paid = run.ledger.paid.get(number_)
    if paid is None or name not in paid.names:
        return None
    return paid.payouts[paid.names.index(name)]


def thinned(numbers: list[int]) -> list[int]:
    """Choose at most `MOST_ROUNDS` of some, evenly, the last one always among them."""
    # Counted from the end: the last round is what is looked at first.
    step = math.ceil(len(numbers) / MOST_ROUNDS) or 1
    return numbers[::-1][::step][::-1]
