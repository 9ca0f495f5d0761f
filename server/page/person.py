"""Why one contributor of one round counted as it did, in full."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from anml_fl.reasons.reply_words import plain, what_came
from anml_fl.reasons.words import capital

if TYPE_CHECKING:
    from server.page.following import Following


def person_reasons(
    run: Following, strategy: str, number: int, name: str
) -> dict[str, Any] | None:
    """Tell why a contributor got its weight, and what it would have been otherwise.

    Parameters
    ----------
    run : Following
    strategy : str
        One of its strategies.
    number : int
        The round.
    name : str
        The contributor.

    Returns
    -------
    dict or None
        The fields of `anml_fl.reasons.reason.Reason`, and `words`: all of it in sentences. Of
        a line that is no record, as one that somebody altered, only what the line says. None
        of whom the round did not ask.

    Raises
    ------
    OSError
        If there is no such round, or it is not there any more.
    ValueError, KeyError, TypeError
        If its line is none.
    """
    line = run.rounds[strategy].line(number)
    words = run.words(strategy, number, line)
    if words is not None:
        try:
            return {**words.reason(name).fields(), "words": words.full(name)}
        except KeyError:
            return None
    people = json.loads(line)["contributors"]
    recorded = next((one for one in people if one["contributor"] == name), None)
    if recorded is None:
        return None
    said = recorded["reason"]
    return {
        "contributor": name,
        "round": number,
        "words": f"{capital(what_came(said))}: {plain(said)}."
        if said
        else "The record of this round does not say.",
    }
