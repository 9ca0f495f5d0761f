"""A table of a page: titles, and rows of plain text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

_KINDS = {"*": "number", "~": "words"}


@dataclass(frozen=True, slots=True)
class Grid:
    """A table.

    Parameters
    ----------
    titles : tuple of str
        A star at the end marks a column of numbers, which is set flush right; a tilde one of
        sentences, whose lines break.
    rows : tuple of tuple of str
        Plain text, as many cells as titles.
    links : tuple of str
        Where each row's first cell leads to, "" for nowhere; empty where no row has a link.
    total : int
        Rows that there are, when more than are written.

    Examples
    --------
    >>> Grid(("Strategy", "Error (%)*"), (("krum", "6.2"),)).columns
    (('Strategy', 'text'), ('Error (%)', 'number'))
    """

    kind: ClassVar[str] = "grid"
    titles: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    links: tuple[str, ...] = ()
    total: int = 0

    def link(self, row: int) -> str:
        """Where a row's first cell leads to; "" for nowhere."""
        return self.links[row] if self.links else ""

    @property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """Title and class of each column."""
        return tuple(
            (title[:-1], _KINDS[title[-1]]) if title[-1:] in _KINDS else (title, "text")
            for title in self.titles
        )
