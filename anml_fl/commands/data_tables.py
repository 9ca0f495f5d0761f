"""A table's description for people: by site, by column, and what to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from anml_fl.system.terminal import console, show
from anml_fl.system.untrusted_text import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anml_fl.tables.description import Description
    from anml_fl.tables.overview import Overview
    from anml_fl.tables.site_description import SiteDescription

_MOST_SITES = 50
_MOST_CLASSES = 10


def show_description(found: Description, *, to_stderr: bool) -> None:
    """Print the table by site, and the notes."""
    to = console(stderr=to_stderr)
    to.print(Text(f"{visible(found.where)}: {found.rows} rows"), soft_wrap=True)
    few = len(found.classes) <= _MOST_CLASSES
    heads = ["site", "rows", *(found.classes if few else ["classes"])]
    heads += ["missing", "out of range"]
    shown = _table(heads, right=range(1, len(heads)))
    nameless = "(all)" if len(found.sites) == 1 else "(none)"
    for one in found.sites[:_MOST_SITES]:
        shown.add_row(*(Text(cell) for cell in _cells(one, nameless, few=few)))
    if found.classes and few:
        named = f"Rows of each site, and of each class of {visible(found.label)}:"
        to.print(Text(named))
    show(shown, to)
    if (more := len(found.sites) - _MOST_SITES) > 0:
        to.print(f"and {more} more sites; --json has them all")
    for note in found.notes:
        to.print(Text(f"- {visible(note, 1000)}"))


def show_columns(found: Overview) -> None:
    """Print what columns there are, and which may be the label."""
    to = console()
    to.print(Text(f"{visible(found.where)}: {found.rows} rows"), soft_wrap=True)
    shown = _table(["column", "kind", "gaps", "what"])
    for one in found.columns:
        gaps = "yes" if one.gaps else ""
        shown.add_row(*(Text(visible(x)) for x in (one.name, one.kind, gaps, one.detail)))
    show(shown, to)
    may = f"; it may be {', '.join(found.candidates)}" if found.candidates else ""
    to.print(
        Text(f"For a schema name what is to be predicted, with --label COLUMN{visible(may)}")
    )


def _cells(one: SiteDescription, nameless: str, *, few: bool) -> list[str]:
    counts = [str(count) for count in one.classes]
    if not few:
        counts = [str(sum(count > 0 for count in one.classes))]
    return [
        visible(one.site) or nameless,
        str(one.rows),
        *counts,
        f"{100 * one.missing:.1f} %",
        str(one.out_of_range),
    ]


def _table(heads: Sequence[str], right: range = range(0)) -> Table:
    shown = Table()
    for place, head in enumerate(heads):
        shown.add_column(
            Text(visible(head)),
            justify="right" if place in right else "left",
        )
    return shown
