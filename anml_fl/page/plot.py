"""What a plot of the page is: plotly's plain data, with the words that belong to it.

A figure is a dict with `data` and `layout`, as plotly.js reads it: no template (the page
sets light or dark) and None where there is no number. The tests hold every figure against
plotly's own schema.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


# Height in px of what a colour bar says, above it.
_TITLED = 22


@dataclass(frozen=True, slots=True)
class View:
    """One figure, with the words that belong to it.

    Parameters
    ----------
    label : str
        What the slider shows here.
    data, layout : list and dict
        For plotly.
    note : str
        Plain text under the controls.
    """

    label: str
    data: list[dict[str, Any]]
    layout: dict[str, Any]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Plot:
    """What stands in one place of the page: the views of each group, one at a time.

    Parameters
    ----------
    name : str
        Identifier in the page.
    groups : dict of str to tuple of View
        Groups by the name that the reader chooses; the views of one are on a slider.
    chosen : str
        The group that is shown first, at its last view.
    thinned : str
        What was left out to keep the page small, in a sentence after a blank; "" for nothing.
    """

    name: str
    groups: Mapping[str, tuple[View, ...]]
    chosen: str
    thinned: str = ""


def number(value: float) -> float | None:
    """Round for the page; None where there is no number, as plotly.js wants a gap.

    Returns
    -------
    float or None
        With six significant digits: what the eye and the hover label need.

    Examples
    --------
    >>> number(1 / 3), number(float("nan"))
    (0.333333, None)
    """
    return float(f"{value:.6g}") if math.isfinite(value) else None


def frame(height: int) -> dict[str, Any]:
    """Give a layout its height in px, and a legend above the plot that wraps."""
    return {
        "height": height,
        "margin": {"l": 10, "r": 10, "t": 10, "b": 10},
        "showlegend": True,
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
    }


def colour_bar(height: int) -> dict[str, Any]:
    """Make a heatmap's colour bar, for a plot in a `frame_below_bar` that is so high, in px.

    It stands above the map: beside it, it would take the room of a narrow page. It is placed
    by the whole figure, so that it fits however wide the map's labels are; what is placed by
    the map's own area makes room for itself, and the x axis' title then lies on the ticks.
    """
    return {
        "orientation": "h",
        "thickness": 10,
        "lenmode": "pixels",
        "len": 210,
        "xref": "container",
        "x": 0,
        "xanchor": "left",
        "yref": "container",
        "y": 1 - _TITLED / height,
        "yanchor": "top",
        "ypad": 0,
        "outlinewidth": 0,
        "nticks": 5,
        # On a narrow page plotly takes the last label for one that runs out of the figure.
        "ticklabeloverflow": "allow",
    }


def frame_below_bar(height: int, title: str) -> dict[str, Any]:
    """Give a layout its height in px, with room above for a colour bar and what it says."""
    return {
        "height": height,
        "margin": {"l": 10, "r": 10, "t": _TITLED + 44, "b": 10},
        "showlegend": False,
        # The bar's own title may come to lie on the bar.
        "title": {
            "text": title,
            "font": {"size": 13},
            "xref": "container",
            "x": 0,
            "xanchor": "left",
            "yref": "container",
            "y": 1,
            "yanchor": "top",
            "pad": {"l": 10, "t": 2},
        },
    }
