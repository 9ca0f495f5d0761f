"""Colours and symbols: one palette for light and dark, safe for colour-blind readers.

Every mark has contrast 3:1 or more on both backgrounds, so that only the ground, the ink
and the grid change with the reader's preference. Whatever a colour tells, a symbol or a
dash tells too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Theme:
    """Ground, ink and lines of the page, as #rrggbb.

    Parameters
    ----------
    ground, raised : str
        Background of the page, and of tables' heads and notes.
    ink, muted : str
        Text, and secondary text.
    grid, accent : str
        Lines, and links and controls.
    low, high : str
        Ends of the heatmap's scale.
    """

    ground: str
    raised: str
    ink: str
    muted: str
    grid: str
    accent: str
    low: str
    high: str


LIGHT = Theme(
    "#ffffff", "#f4f6f8", "#1b1f23", "#57606a", "#d8dee4", "#1f6feb", "#edf2f8", "#08386b"
)
DARK = Theme(
    "#14171a", "#1e2327", "#e6e8ea", "#9aa4ad", "#353c43", "#6cb0ff", "#1f2a36", "#b5dcff"
)

BLUE, VERMILLION, GREEN = "#2b83c6", "#d55e00", "#009e73"
PURPLE, GOLD, TEAL, GREY = "#b565a7", "#a67c00", "#0f94a8", "#808080"

# Contributors: colour, symbol when selected, symbol when not.
HONEST = (BLUE, "circle", "circle-open")
ATTACKER = (VERMILLION, "diamond", "diamond-open")
ATTACKER_MARK = "◆"

# Strategies, in the order of the run: colour, dash, symbol.
SERIES = (
    (BLUE, "solid", "circle"),
    (VERMILLION, "dash", "square"),
    (GREEN, "solid", "diamond"),
    (PURPLE, "dot", "triangle-up"),
    (GOLD, "dashdot", "cross"),
    (TEAL, "longdash", "x"),
    (GREY, "longdashdot", "star"),
)

BRANCHES = {
    "uniform": (GREEN, "circle"),
    "blend": (BLUE, "square"),
    "krum": (VERMILLION, "diamond"),
    "multiplicative": (PURPLE, "triangle-up"),
}
# A cross: nothing there, be it a branch or a weight.
NOTHING = (GREY, "x-thin-open")

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


def series(index: int) -> tuple[str, str, str]:
    """Colour, dash and symbol of the strategy at this place in the run.

    Parameters
    ----------
    index : int
        From 0.

    Returns
    -------
    (colour, dash, symbol)
        Colours come again after seven, with another dash and another symbol.

    Examples
    --------
    >>> series(0)
    ('#2b83c6', 'solid', 'circle')
    """
    turn, place = divmod(index, len(SERIES))
    dash, symbol = (SERIES[(place + shift * turn) % len(SERIES)] for shift in (1, 3))
    return SERIES[place][0], dash[1], symbol[2]


def template(theme: Theme) -> dict[str, Any]:
    """Make the plotly template that carries a theme.

    Returns
    -------
    dict
        To stand as `layout.template`.
    """
    axis = {
        "gridcolor": theme.grid,
        "linecolor": theme.grid,
        "tickcolor": theme.grid,
        "zerolinecolor": theme.grid,
        "showline": True,
        "automargin": True,
        "title": {"standoff": 10, "font": {"size": 13}},
    }
    return {
        "data": {
            "heatmap": [
                {"colorscale": [[0, theme.low], [1, theme.high]], "xgap": 1, "ygap": 1}
            ]
        },
        "layout": {
            "font": {"family": FONT, "size": 13, "color": theme.ink},
            "paper_bgcolor": theme.ground,
            "plot_bgcolor": theme.ground,
            "xaxis": axis,
            "yaxis": axis,
            "hoverlabel": {
                "align": "left",
                "bgcolor": theme.raised,
                "bordercolor": theme.muted,
                "font": {"color": theme.ink, "family": FONT, "size": 13},
            },
            "modebar": {
                "bgcolor": "rgba(0,0,0,0)",
                "color": theme.muted,
                "activecolor": theme.accent,
            },
        },
    }
