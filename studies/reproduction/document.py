"""What the report consists of, whoever writes it down: sections of blocks of plain text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph.

    Parameters
    ----------
    text : str
        Plain.
    muted : bool
        Whether it is a note in small print.
    """

    kind: ClassVar[str] = "text"
    text: str
    muted: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """A table.

    Parameters
    ----------
    titles : tuple of str
        A star at the end marks a column of numbers, which is set flush right.
    rows : tuple of tuple of str
        Plain text, as many cells as titles.
    """

    kind: ClassVar[str] = "grid"
    titles: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """Title and class of each column."""
        return tuple(
            (title.removesuffix("*"), "number" if title.endswith("*") else "text")
            for title in self.titles
        )


@dataclass(frozen=True, slots=True)
class Drawing:
    """A plot, with as many views as the reader may choose from.

    Parameters
    ----------
    name : str
        Identifier in the page.
    title, caption : str
    views : mapping of str to (data, layout)
        For plotly, by what the reader chooses.
    """

    kind: ClassVar[str] = "drawing"
    name: str
    title: str
    caption: str
    views: Mapping[str, tuple[list[dict[str, Any]], dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Folded:
    """Blocks that are shown when asked for."""

    kind: ClassVar[str] = "folded"
    title: str
    blocks: tuple[Text | Grid | Drawing, ...]


Block = Text | Grid | Drawing | Folded


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it.

    Parameters
    ----------
    anchor : str
        Where links lead to: letters, digits and dashes.
    title : str
    blocks : tuple of Block
    """

    anchor: str
    title: str
    blocks: tuple[Block, ...]
