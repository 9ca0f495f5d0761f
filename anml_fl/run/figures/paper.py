"""How a figure for a paper looks, and is written: the same bytes for the same figure."""

from __future__ import annotations

from contextlib import AbstractContextManager
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

from matplotlib import style
from matplotlib.figure import Figure

WIDTH, HEIGHT = 3.35, 2.4
"""Inches: one column of most journals, 85 mm."""
DARK, MIDDLE, LIGHT = "#004d80", "#d55e00", "#bdbdbd"
"""Dark, middle and light in grey too; the eyes of no one take one for another."""

_STYLE: dict[str, Any] = {
    "font.size": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "legend.handlelength": 2.6,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "lines.linewidth": 1.1,
    "lines.markersize": 3.5,
    "hatch.linewidth": 0.6,
    # TrueType, which journals ask for; and texts that stay texts.
    "pdf.fonttype": 42,
    "ps.fonttype": 42,
    "svg.fonttype": "none",
    # The names of an SVG's parts are drawn by chance otherwise.
    "svg.hashsalt": "anml-fl",
}
_UNDATED = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}


class Line(NamedTuple):
    """How one of several lines is told from the others, also without colours."""

    color: str
    linestyle: str
    marker: str


# Of Okabe and Ito's colours for all eyes, from dark to light; yellow is too light for a line.
_COLORS = ("#000000", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
_DASHES = ("-", "--", "-.", ":")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">")


def line(number: int) -> Line:
    """Give the look of a figure's line by its number, from 0; 252 differ.

    Examples
    --------
    >>> line(1)
    Line(color='#0072b2', linestyle='--', marker='s')
    """
    return Line(
        _COLORS[number % len(_COLORS)],
        _DASHES[number % len(_DASHES)],
        _MARKERS[number % len(_MARKERS)],
    )


class PaperFigure(Figure):
    """A figure that is written as it was drawn, whatever the settings of matplotlib are."""

    def savefig(self, fname: Any, **given: Any) -> None:
        """Write it; the file's name says as what, such as "error.pdf".

        Parameters
        ----------
        fname : str, Path or file
        **given
            As `matplotlib.figure.Figure.savefig`.
        """
        named = Path(fname).suffix if isinstance(fname, str | Path) else ""
        form = str(given.get("format") or named.lstrip(".")).lower()
        with paper_style():
            super().savefig(fname, **{"metadata": _UNDATED.get(form), **given})

    def _repr_png_(self) -> bytes:
        # What a notebook shows; no window and no pyplot is needed for it.
        out = BytesIO()
        self.savefig(out, format="png", dpi=200)
        return out.getvalue()


def paper_style() -> AbstractContextManager[None]:
    """Draw by these settings alone: what a program has set of matplotlib does not count."""
    return style.context(["default", _STYLE])


def new_figure(height: float = HEIGHT) -> PaperFigure:
    """Begin a figure of one column's width; height in inches."""
    return PaperFigure(figsize=(WIDTH, height), layout="constrained")
