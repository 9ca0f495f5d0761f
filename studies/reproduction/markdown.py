"""The report as Markdown for GitHub: everything but the plots."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from anml_fl.report.untrusted import visible
from studies.reproduction.document import Drawing, Folded, Grid, Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from studies.reproduction.document import Block, Section

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|~$&#@])")
_LONGEST = 20_000


def escaped(text: str) -> str:
    r"""Write text so that Markdown shows it letter by letter, in a table's cell too.

    Parameters
    ----------
    text : str

    Returns
    -------
    str

    Examples
    --------
    >>> print(escaped("q*v | <b>"))
    q\*v \| \<b\>
    """
    return _SPECIAL.sub(r"\\\1", visible(text, _LONGEST))


def markdown(title: str, page: str, sections: Sequence[Section]) -> str:
    """Write the report.

    Parameters
    ----------
    title : str
    page : str
        File name of the page with the plots, beside this one.
    sections : sequence of Section

    Returns
    -------
    str
        GitHub's Markdown.
    """
    parts = [
        f"# {escaped(title)}",
        f"Generated from the studies' results. With plots: [{page}]({page}).",
    ]
    for section in sections:
        parts.append(f"## {escaped(section.title)}")
        parts += _blocks(section.blocks, page)
    return "\n\n".join(parts) + "\n"


def _blocks(blocks: Iterable[Block], page: str) -> list[str]:
    parts = []
    for block in blocks:
        match block:
            case Text():
                parts.append(escaped(block.text))
            case Grid():
                parts.append(_table(block))
            case Drawing():
                parts.append(f"{escaped(block.title)}: drawn in [{page}]({page}).")
            case Folded():
                summary = escaped(block.title)
                parts.append(f"<details><summary>{_plain(summary)}</summary>")
                parts += _blocks(block.blocks, page)
                parts.append("</details>")
    return parts


def _table(grid: Grid) -> str:
    lines = [
        _line(title for title, _ in grid.columns),
        "|"
        + "|".join(" --: " if kind == "number" else " --- " for _, kind in grid.columns)
        + "|",
        *(_line(row) for row in grid.rows),
    ]
    return "\n".join(lines)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(map(escaped, cells))} |"


def _plain(text: str) -> str:
    # Inside an HTML element GitHub reads entities, not backslashes.
    bare = re.sub(r"\\(.)", r"\1", text)
    return bare.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
