"""The table that says whether joining is worth it, at the end of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from anml_fl.behaviour import is_honest
from anml_fl.page.theme import ATTACKER_MARK
from anml_fl.run.worth import mean_score, written
from anml_fl.system.untrusted_text import visible

if TYPE_CHECKING:
    from anml_fl.run.worth import Worth


def worth_table(worth: Worth) -> Table:
    """Show a row a contributor: its own rows alone and joined, gain, what it brings.

    Returns
    -------
    rich.table.Table
        Gains above 0 are in joining's favour, with their 95 % intervals.
    """
    unit = " (%)" if worth.share else ""
    title = f"Is joining worth it? {worth.title}{unit} on own test rows"
    shown = Table(title=title)
    shown.add_column("contributor")
    for heading in ("alone", "joined", "gain", "brings others"):
        shown.add_column(heading, justify="right")
    shown.add_column("joining")
    for one in worth.sites:
        mark = "" if is_honest(one.behaviour) else f"{ATTACKER_MARK} "
        shown.add_row(
            mark + visible(one.contributor, 30),
            written(mean_score(one.alone.own), worth),
            written(mean_score(one.joined.own), worth),
            written(one.gain, worth),
            written(one.brings, worth),
            one.verdict.removeprefix("joining "),
        )
    return shown
