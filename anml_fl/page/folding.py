"""A long table on a page: its first rows as they stand, and all of them for its script."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from anml_fl.page.document import LONGEST
from anml_fl.page.packing import packed
from anml_fl.system.untrusted_text import inline_json, visible

if TYPE_CHECKING:
    from anml_fl.page.grid import Grid
    from anml_fl.page.packing import Texts

FIRST = 20
"""Rows that are shown before the reader asks for all; a shorter table has no script."""


@dataclass(frozen=True, slots=True)
class Folding:
    """A table for the macro `folded`.

    Parameters
    ----------
    name : str
        Identifier in the page.
    first : Grid
        The rows that are shown at first, and without JavaScript.
    label : str
        What the table is called by whoever does not see it.
    total : int
        Rows of the whole table.
    json : str
        Its titles and columns, packed; empty where the first rows are all.
    """

    name: str
    first: Grid
    label: str
    total: int
    json: str


def folding(grid: Grid, name: str, label: str, texts: Texts) -> Folding:
    """Fold a table of text at its twentieth row.

    Parameters
    ----------
    grid : Grid
        Without links.
    name : str
        Identifier in the page.
    label : str
        What the table is called by whoever does not see it.
    texts : Texts
        Gets the cells' texts.

    Examples
    --------
    >>> from anml_fl.page.grid import Grid
    >>> from anml_fl.page.packing import Texts
    >>> long = folding(Grid(("Who",), (("a",),) * 70), "who", "Contributors", Texts())
    >>> len(long.first.rows), long.total, long.json[-7:]
    (20, 70, '0,0]}]}')
    """
    total = len(grid.rows)
    if total <= FIRST:
        return Folding(name, grid, label, total, "")
    columns = [
        [visible(cell, LONGEST) for cell in column] for column in zip(*grid.rows, strict=True)
    ]
    titles = [(visible(title), kind) for title, kind in grid.columns]
    content = {"label": label, "titles": titles, "columns": packed(columns, texts)}
    return Folding(
        name, replace(grid, rows=grid.rows[:FIRST]), label, total, inline_json(content)
    )
