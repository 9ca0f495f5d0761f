"""Who is missing in a round: who gave no valid reply, and why, and who was not asked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from anml_fl.reasons.reply_words import plain
from anml_fl.reasons.words import listed
from anml_fl.system.untrusted_text import visible
from server.page.snapshot import names_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from server.page.following import Following

MOST_NAMED = 20
"""Contributors that are named, of each kind; the others are counted."""
_NAME, _TOLD = 40, 120


def latest_missing(run: Following, strategy: str) -> dict[str, Any]:
    """Say who is missing in a strategy's latest round.

    Returns
    -------
    dict
        `round`, 0 before the first, and `words`.

    Raises
    ------
    OSError
        If the round's line is not there any more.
    """
    rounds = run.rounds[strategy]
    if not rounds.last:
        return {"round": 0, "words": ""}
    fields = json.loads(rounds.line(rounds.last))
    return {"round": rounds.last, "words": missing(run, fields)}


def missing(run: Following, fields: Mapping[str, Any]) -> str:
    """Say who is missing in a round.

    Parameters
    ----------
    run : Following
    fields : mapping
        The round's, as its line has them.
    """
    people = fields["contributors"]
    asked = {one["contributor"] for one in people}
    out = [
        f"{visible(one['contributor'], _NAME)} ({visible(plain(one['reason']), _TOLD)})"
        for one in people
        if one["reason"] is not None
    ]
    unasked = [visible(name, _NAME) for name in names_of(run) if name not in asked]
    said = f"All {len(people):,} who were asked gave a valid reply."
    if not people:
        said = "Nobody was asked."
    elif len(people) == 1 and not out:
        said = "The one who was asked gave a valid reply."
    elif out:
        said = f"{len(out):,} of {len(people):,} without a valid reply: {_named(out)}."
    if unasked:
        said += f" {len(unasked):,} not asked: {_named(unasked)}."
    if refused := fields["refused"]:
        told = [visible(one, _TOLD) for one in refused]
        said += f" Replies of nobody known: {_named(told)}."
    return said


def _named(some: Sequence[str]) -> str:
    rest = len(some) - MOST_NAMED
    more = [f"{rest:,} more"] if rest > 0 else []
    return listed([*some[:MOST_NAMED], *more])
