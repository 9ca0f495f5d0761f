"""Who is missing right now: whoever gave no valid reply in the latest round, and why."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from server.page.snapshot import names_of

if TYPE_CHECKING:
    from server.page.following import Following

MOST_NAMED = 20
"""Contributors that are named, of each kind; the others are counted."""


def missing(run: Following, strategy: str) -> dict[str, Any] | None:
    """Name who had no valid reply in a strategy's latest round, and who was not asked.

    Parameters
    ----------
    run : Following
    strategy : str
        One of its strategies.

    Returns
    -------
    dict or None
        `missing` has name and reason; `missing_in_all` says how many there are. None before
        the first round.

    Raises
    ------
    OSError
        If the round's line is not there any more.
    """
    rounds = run.rounds[strategy]
    if not rounds.last:
        return None
    fields = json.loads(rounds.line(rounds.last))
    people = fields["contributors"]
    out = [(one["contributor"], one["reason"]) for one in people if one["reason"] is not None]
    asked = {one["contributor"] for one in people}
    unasked = [name for name in names_of(run) if name not in asked]
    return {
        "round": rounds.last,
        "asked": len(people),
        "missing": out[:MOST_NAMED],
        "missing_in_all": len(out),
        "unasked": unasked[:MOST_NAMED],
        "unasked_in_all": len(unasked),
        "refused": fields["refused"][:MOST_NAMED],
        "refused_in_all": len(fields["refused"]),
    }
