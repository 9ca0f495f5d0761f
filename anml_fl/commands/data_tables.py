"""A table's description for people: by site, by column, and what to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from anml_fl.system.untrusted_text import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anml_fl.tables.description import Description
    from anml_fl.tables.overview import Overview
    from anml_fl.tables.site_description import SiteDescription

_MOST_SITES = 50
_MOST_CLASSES = 10
_MOST_CONSTANT = 4


def show_description(found: Description, *, to_stderr: bool) -> None:
    """Print the table by site, and the notes."""
    console = Console(stderr=to_stderr)
    console.print(Text(f"{visible(found.where)}: {found.rows} rows"), soft_wrap=True)
    few = len(found.classes) <= _MOST_CLASSES
    heads = ["site", "rows"]
    heads += [f"{found.label}={name}" for name in found.classes] if few else ["classes"]
    heads += ["missing", "out of range", "constant columns"]
    shown = _table(heads, right=range(1, len(heads) - 1))
    for one in found.sites[:_MOST_SITES]:
        shown.add_row(*(Text(cell) for cell in _cells(one, few=few)))
    console.print(shown)
    if (more := len(found.sites) - _MOST_SITES) > 0:
        console.print(f"and {more} more sites; --json has them all")
    for note in found.notes:
        console.print(Text(f"- {visible(note, 1000)}"), soft_wrap=True)


def show_columns(found: Overview) -> None:
    """Print what columns there are, and which may be the label."""
    console = Console()
    console.print(Text(f"{visible(found.where)}: {found.rows} rows"), soft_wrap=True)
    shown = _table(["column", "kind", "gaps", "what"])
    for one in found.columns:
        gaps = "yes" if one.gaps else ""
        shown.add_row(*(Text(visible(x)) for x in (one.name, one.kind, gaps, one.detail)))
    console.print(shown)
    may = f"; it may be {', '.join(found.candidates)}" if found.candidates else ""
    console.print(
        Text(f"For a schema name what is to be predicted, with --label COLUMN{visible(may)}"),
        soft_wrap=True,
    )


def _cells(one: SiteDescription, *, few: bool) -> list[str]:
    counts = [str(count) for count in one.classes]
    if not few:
        counts = [str(sum(count > 0 for count in one.classes))]
    more = len(one.constant) - _MOST_CONSTANT
    names = ", ".join(map(visible, one.constant[:_MOST_CONSTANT]))
    return [
        visible(one.site) or "(all)",
        str(one.rows),
        *counts,
        f"{100 * one.missing:.1f} %",
        str(one.out_of_range),
        names + (f" and {more} more" if more > 0 else ""),
    ]


def _table(heads: Sequence[str], right: range = range(0)) -> Table:
    shown = Table(box=box.SIMPLE_HEAD, padding=(0, 0, 0, 1))
    for place, head in enumerate(heads):
        # The last has lists, and gives way; a name or a number is shown whole.
        last = place == len(heads) - 1
        shown.add_column(
            Text(visible(head)),
            justify="right" if place in right else "left",
            overflow="fold",
            no_wrap=not last,
        )
    return shown
