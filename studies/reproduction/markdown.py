"""The report as Markdown for GitHub: what is judged, without plots and folded tables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from anml_fl.system.untrusted_text import visible
from studies.reproduction.document import Drawing, Folded, Grid, Heading, Text, anchor_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from studies.reproduction.document import Block, Section

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|~$&#@])")
_LONGEST = 20_000


def escaped(text: str) -> str:
    r"""Write text so that Markdown shows it letter by letter, in a table's cell too.

    Examples
    --------
    >>> print(escaped("q*v | <b>"))
    q\*v \| \<b\>
    """
    return _SPECIAL.sub(r"\\\1", visible(text, _LONGEST))


def markdown(title: str, page: str, sections: Sequence[Section], warning: str = "") -> str:
    """Write the report.

    Parameters
    ----------
    title : str
    page : str
        File name of the page with the plots, beside this one.
    sections : sequence of Section
    warning : str
        What the reader must know first; "" for nothing.

    Returns
    -------
    str
        GitHub's Markdown.
    """
    parts = [f"# {escaped(title)}"]
    if warning:
        parts.append(f"> **Caution:** {escaped(warning)}")
    parts.append(
        "Generated from the studies' results. With plots, paired tests and everything else "
        f"that was measured: [{page}]({page})."
    )
    parts.append("\n".join(f"- {_link(s.title, s.anchor)}" for s in sections))
    for section in sections:
        anchor = anchor_of(section.anchor)
        parts.append(f'<a id="{anchor}"></a>\n\n## {escaped(section.title)}')
        parts += _blocks(section.blocks, f"{page}#{anchor}")
    return "\n\n".join(parts) + "\n"


def _blocks(blocks: Iterable[Block], page: str) -> list[str]:
    parts, folded = [], []
    for block in blocks:
        match block:
            case Heading():
                parts.append(f"### {escaped(block.title)}")
            case Text():
                parts.append(escaped(block.text))
            case Grid():
                parts.append(_table(block))
            case Drawing():
                parts.append(f"{escaped(block.title)}: drawn on the [page]({page}).")
            case Folded():
                folded.append(block.title)
    if folded:
        named = escaped("; ".join(folded))
        parts.append(f"On the [page]({page}): {named}.")
    return parts


def _table(grid: Grid) -> str:
    lines = [
        _line(title for title, _ in grid.columns),
        "|"
        + "|".join(" --: " if kind == "number" else " --- " for _, kind in grid.columns)
        + "|",
        *(_line(row, grid.link(place)) for place, row in enumerate(grid.rows)),
    ]
    return "\n".join(lines)


def _line(cells: Iterable[str], anchor: str = "") -> str:
    first, *rest = cells
    written = [_link(first, anchor) if anchor else escaped(first), *map(escaped, rest)]
    return f"| {' | '.join(written)} |"


def _link(text: str, anchor: str) -> str:
    return f"[{escaped(text)}](#{anchor_of(anchor)})"
