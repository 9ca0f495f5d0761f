"""Points with error bars as plotly's plain data: ours filled, the paper's open."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from anml_fl.page import theme
from anml_fl.page.plot import frame, number
from anml_fl.system.untrusted_text import plot_text
from studies.reproduction.intervals import Estimate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_MARGIN = 0.05  # of the points' span, above and below them
_RIM = 0.02

Figure = tuple[list[dict[str, Any]], dict[str, Any]]
"""Data and layout, as plotly reads them."""

Point = tuple[float | str, float | None, Estimate | None]
"""Where on the x axis, the paper's value, and ours."""


def traces_of(points: Mapping[str, Sequence[Point]], *, line: bool) -> list[dict[str, Any]]:
    """Draw named points: ours filled, with intervals; the paper's open.

    Parameters
    ----------
    points : mapping of str to sequence of Point
        By method or data set.
    line : bool
        Whether ours are joined.

    Returns
    -------
    list of dict
        Traces for plotly: ours, and right after it the paper's.

    Examples
    --------
    >>> found = traces_of({"krum": [(0.3, 12.4, None)]}, line=False)
    >>> found[0]["name"], found[0]["marker"]["symbol"]
    ('krum, paper', 'circle-open')
    """
    drawn = []
    for place, (name, marks) in enumerate(points.items()):
        colour, dash, symbol = theme.series(place)
        look = {
            "type": "scatter",
            "mode": "lines+markers" if line else "markers",
            "line": {"color": colour, "dash": dash, "width": 1.5},
            "legendgroup": plot_text(name),
            "offsetgroup": f"{place}-ours",
        }
        ours = [(x, e) for x, _, e in marks if e is not None]
        if ours:
            drawn.append(
                {
                    **look,
                    "name": plot_text(name),
                    "x": [_place(x) for x, _ in ours],
                    "y": [number(e.value) for _, e in ours],
                    "error_y": {
                        "type": "data",
                        "symmetric": False,
                        "array": [_reach(e.value, e.high) for _, e in ours],
                        "arrayminus": [_reach(e.low, e.value) for _, e in ours],
                        "color": colour,
                        "thickness": 1.2,
                    },
                    "marker": {"color": colour, "symbol": symbol, "size": 9},
                    "hovertemplate": "%{x}: %{y:.3g}<extra>%{fullData.name}</extra>",
                }
            )
        paper = [(x, value) for x, value, _ in marks if value is not None]
        if paper:
            drawn.append(
                {
                    **look,
                    "mode": "markers",
                    "name": f"{plot_text(name)}, paper",
                    "offsetgroup": f"{place}-paper",
                    "x": [_place(x) for x, _ in paper],
                    "y": [number(value) for _, value in paper],
                    "marker": {
                        "color": colour,
                        "symbol": f"{symbol}-open",
                        "size": 12,
                        "line": {"width": 2},
                    },
                    "hovertemplate": "%{x}: %{y:.3g}<extra>%{fullData.name}</extra>",
                }
            )
    return drawn


def layout_of(x_title: str, y_title: str) -> dict[str, Any]:
    """Give a plot its axes."""
    return {
        "xaxis": {"title": {"text": x_title}, "zeroline": False},
        "yaxis": {"title": {"text": y_title}, "zeroline": True},
        "hovermode": "closest",
        **frame(440),
    }


def clipped(
    figure: Figure | None, low: float = -math.inf, high: float = math.inf
) -> Figure | None:
    """Show the region that the points span, within limits; an error bar may run out of it.

    Parameters
    ----------
    figure : Figure or None
        None stays None.
    low, high : float
        Limits of what is shown, such as 0 and 100 for shares in per cent.

    Returns
    -------
    Figure or None
        With a range of its y axis, where it has points.

    Examples
    --------
    >>> points = [{"y": [10.0, -400.0, None]}]
    >>> clipped((points, {"yaxis": {}}), -150, 100)[1]["yaxis"]["range"]
    [-153.61, 34.11]
    """
    if figure is None:
        return None
    data, layout = figure
    values = [y for trace in data for y in trace["y"] if y is not None]
    if not values:
        return figure
    margin = _MARGIN * (max(values) - min(values)) or _MARGIN * (abs(values[0]) or 1.0)
    bottom = min(max(low, min(values) - margin), high)
    top = max(min(high, max(values) + margin), low)
    if bottom == top:
        return figure
    # So that a mark on a limit is not cut in half.
    rim = _RIM * (top - bottom)
    shown = [round(bottom - rim, 6), round(top + rim, 6)]
    return data, {**layout, "yaxis": {**layout["yaxis"], "range": shown}}


def categories(
    points: Mapping[str, Sequence[Point]],
    x_title: str,
    y_title: str,
) -> Figure | None:
    """Draw points over categories, side by side; None without any."""
    if not points:
        return None
    layout = layout_of(x_title, y_title)
    layout["xaxis"]["type"] = "category"
    # Side by side, or marks of one data set would hide each other.
    layout["scattermode"] = "group"
    return traces_of(points, line=False), layout


def _place(x: Any) -> Any:
    return plot_text(x) if isinstance(x, str) else x


def _reach(low: float, high: float) -> float:
    # plotly draws no bar of length 0, which is right where there is no interval.
    return number(high - low) or 0.0 if math.isfinite(high - low) else 0.0
