"""Whom the strategy that pays gave least, at the end of a run, and why."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from anml_fl.method.records import RoundRecord
from anml_fl.reasons.amounts import decimals, percent
from anml_fl.reasons.over_rounds import over_rounds
from anml_fl.reasons.over_rounds_words import because_over
from anml_fl.reasons.standing_out import standing_out
from anml_fl.run.rounds_so_far import rounds_so_far
from anml_fl.system.untrusted_text import visible

if TYPE_CHECKING:
    from pathlib import Path

    from anml_fl.reasons.over_rounds import OverRounds
    from anml_fl.run.parsing import Parse

# Of how many the reason is told, and letters of a name.
_TOLD, _NAME = 2, 40


def least(out: Path, parse: Parse = RoundRecord.from_json) -> str:
    """Say in two or three lines who got least and why; nothing where nobody stands out.

    Parameters
    ----------
    out : Path
        The run's folder.
    parse : callable
        As in `StrategyFolder`.

    Returns
    -------
    str
        Without markup, and with no newline at the end.

    Raises
    ------
    OSError, ValueError
        If the folder cannot be read.
    """
    run = rounds_so_far(out)
    found = standing_out(over_rounds(run.records(run.lead, parse), run.dials).values())
    if not found:
        return ""
    lines = [f"least under {run.lead}: {_line(one)}" for one in found[:_TOLD]]
    more = len(found) - _TOLD
    others = f"; {more} more got at most half of what is usual" if more > 0 else ""
    name = found[0].contributor
    asked = quote(name) if name.isprintable() else "NAME"
    return "\n".join([*lines, f"more: anml explain {quote(str(out))} {asked}{others}"])


def _line(one: OverRounds) -> str:
    digits = decimals(one.equal)
    equal = f"equal shares would be {percent(one.equal, digits)}"
    share = f"{visible(one.contributor, _NAME)} {percent(one.weight, digits)}"
    return f"{share} ({equal}): {because_over(one)}"
