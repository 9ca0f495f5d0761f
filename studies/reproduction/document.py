"""What the report consists of, whoever writes it down: sections of blocks of plain text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from anml_fl.page.grid import Grid

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "Block",
    "Drawing",
    "Folded",
    "Grid",
    "Heading",
    "Section",
    "Text",
    "anchor_of",
]


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
    blocks: tuple[Heading | Text | Grid | Drawing, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading within a section."""

    kind: ClassVar[str] = "heading"
    title: str


Block = Heading | Text | Grid | Drawing | Folded


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


def anchor_of(text: str) -> str:
    """Make a name fit to be linked to.

    Returns
    -------
    str
        Letters, digits and dashes.

    Examples
    --------
    >>> anchor_of("table-7"), anchor_of('a"b <c>')
    ('table-7', 'a-b-c-')
    """
    return re.sub(r"[^A-Za-z0-9-]+", "-", text)
