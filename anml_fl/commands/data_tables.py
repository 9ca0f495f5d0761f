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


def show_description(found: Description, *, to_stderr: bool) -> None:
    """Print the table by site, and the notes."""
    console = Console(stderr=to_stderr)
    console.print(Text(f"{visible(found.where)}: {found.rows} rows"), soft_wrap=True)
    few = len(found.classes) <= _MOST_CLASSES
    heads = ["site", "rows", *(found.classes if few else ["classes"])]
    heads += ["missing", "out of range"]
    shown = _table(heads, right=range(1, len(heads)))
    nameless = "(all)" if len(found.sites) == 1 else "(none)"
    for one in found.sites[:_MOST_SITES]:
        shown.add_row(*(Text(cell) for cell in _cells(one, nameless, few=few)))
    if found.classes and few:
        named = f"Rows of each site, and of each class of {visible(found.label)}:"
        console.print(Text(named), soft_wrap=True)
    console.print(shown)
    if (more := len(found.sites) - _MOST_SITES) > 0:
        console.print(f"and {more} more sites; --json has them all")
    for note in found.notes:
        console.print(Text(f"- {visible(note, 1000)}"), soft_wrap=True)


def show_columns(found: Overview) -> None:
    """Print what columns there are, and which may be the label."""
    console = Console()
    console.print(Text(f"{visible(found.where)}: {found.rows} rows"), soft_wrap=True)
    shown = _table(["column", "kind", "gaps", "what"], wide=(3,))
    for one in found.columns:
        gaps = "yes" if one.gaps else ""
        shown.add_row(*(Text(visible(x)) for x in (one.name, one.kind, gaps, one.detail)))
    console.print(shown)
    may = f"; it may be {', '.join(found.candidates)}" if found.candidates else ""
    console.print(
        Text(f"For a schema name what is to be predicted, with --label COLUMN{visible(may)}"),
        soft_wrap=True,
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


def _table(heads: Sequence[str], right: range = range(0), wide: tuple[int, ...] = ()) -> Table:
    shown = Table(box=box.SIMPLE_HEAD, padding=(0, 0, 0, 1))
    for place, head in enumerate(heads):
        shown.add_column(
            Text(visible(head)),
            justify="right" if place in right else "left",
            overflow="fold",
            no_wrap=place not in wide,
        )
    return shown
