"""Write `reproduction.md` and `reproduction.html` from the studies' files."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from anml_fl.page.plot import Plot, View
from anml_fl.page.plotted import embedded, plotted
from anml_fl.system.files import make_folder, write_whole
from studies.catalogue import STUDIES
from studies.reproduction.document import anchor_of
from studies.reproduction.markdown import markdown
from studies.reproduction.results import load_results
from studies.reproduction.sections import sections
from studies.reproduction.template import TEMPLATE
from studies.reproduction.warnings import warnings
from studies.staleness import stale_studies

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from anml_fl.page.grid import Grid
    from studies.reproduction.document import Drawing, Section

TITLE = "The paper, table by table"

# Columns of words, which wrap.
_STYLE = """
select { max-width: 100%; }
td.text { min-width: 6rem; white-space: normal; }
#claims td:first-child { min-width: 10rem; }
#claims td:nth-child(4) { min-width: min(16rem, 50vw); }
#claims td:last-child { min-width: min(24rem, 60vw); }
"""


def write_reproduction(results: Path, to: Path) -> list[Path]:
    """Write the reproduction report.

    Parameters
    ----------
    results : Path
        Folder with `<study>.parquet` and `<study>.json` files. A study that is missing is
        listed as not run.
    to : Path
        Folder that gets the two files; made if it does not exist.

    Returns
    -------
    list of Path
        `reproduction.md` and `reproduction.html`. The same files in give the same bytes.

    Raises
    ------
    FileNotFoundError
        If there is no folder of results.
    ValueError
        If a file is not as it should be; the message names file and fault.
    """
    studies = load_results(results)
    # What does not say which code made it is not known to be stale.
    dated = [name for name, one in studies.items() if "code" in one.about and name in STUDIES]
    found, warning = sections(studies, stale_studies(results, dated)), warnings(studies)
    make_folder(to)
    written = []
    for name, text in (
        ("reproduction.md", markdown(TITLE, "reproduction.html", found, warning)),
        ("reproduction.html", render(found, warning)),
    ):
        write_whole(to / name, text.encode())
        written.append(to / name)
    return written


def render(found: Sequence[Section], warning: str = "", title: str = TITLE) -> str:
    """Write the page as text.

    Parameters
    ----------
    found : sequence of Section
    warning : str
        What the reader must know first; "" for nothing.
    title : str

    Returns
    -------
    str
        HTML, about 5 MB, nearly all of it plotly.js.
    """
    return plotted(
        TEMPLATE,
        {"title": title, "warning": warning, "sections": found},
        style=_STYLE,
        filters={"anchor": anchor_of, "drawn": _drawn, "linked": _linked},
    )


def _drawn(drawing: Drawing) -> dict[str, Any]:
    groups = {label: (View("", *view),) for label, view in drawing.views.items()}
    return embedded(Plot(drawing.name, groups, chosen=""), longest=80)


def _linked(grid: Grid) -> Grid:
    links = (f"#{anchor_of(link)}" if link else "" for link in grid.links)
    return replace(grid, links=tuple(links))
