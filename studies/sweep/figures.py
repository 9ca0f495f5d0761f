"""The plots of a sweep's page: scores by what is swept, or by seed, with intervals."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from anml_fl.page import theme
from anml_fl.page.plot import Plot, View, frame, number
from anml_fl.system.untrusted_text import plot_text
from server.report.wording import sentence
from studies.sweep.grouping import LONGEST, parted, strategy_names, tested
from studies.sweep.words import Digits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from studies.sweep.plan import Value
    from studies.sweep.results import Results, Score, Under

# From so many times the least value on, equal steps would heap the small ones.
_FAR = 50
_APART = 0.008  # of the axis, between two strategies' marks


def by_setting(found: Results) -> Plot | None:
    """Draw each strategy's mean score over the values of the first axis, with intervals.

    Parameters
    ----------
    found : Results

    Returns
    -------
    Plot or None
        A group for each combination of the other axes' values; None where nothing is swept,
        or no model was tested.
    """
    if not found.plan.axes:
        return None
    groups = {
        title: (_curves(found, members),)
        for title, members in parted(found, 1).items()
        if tested(members)
    }
    return Plot("by-setting", groups, next(iter(groups))) if groups else None


def by_seed(found: Results) -> Plot | None:
    """Draw the score of every run, a column a strategy, with the mean and its interval.

    Returns
    -------
    Plot or None
        None where something is swept, or no model was tested.
    """
    if found.plan.axes or not tested(found.under):
        return None
    (under,) = found.under
    scaled = found.criterion.scaled
    data = []
    for place, of in enumerate(under.scores):
        runs = [
            (one.run.seed, score)
            for one in under.ended
            if (score := one.run.scores.get(of.strategy)) is not None
        ]
        colour, _, symbol = theme.series(place)
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": plot_text(of.strategy, 24),
                "x": [place + 0.15] * len(runs),
                "y": [number(scaled(score)) for _, score in runs],
                "customdata": [seed for seed, _ in runs],
                "marker": {"color": colour, "symbol": f"{symbol}-open", "size": 8},
                "hovertemplate": "seed %{customdata}: %{y:.4~g}<extra></extra>",
                "showlegend": False,
            }
        )
        data.append(_points(found, [(place - 0.15, of)], place, of.strategy, joined=False))
    layout = {
        "xaxis": {
            "tickvals": list(range(len(under.scores))),
            "ticktext": [plot_text(of.strategy, LONGEST) for of in under.scores],
            "range": [-0.5, len(under.scores) - 0.5],
            "showgrid": False,
            "zeroline": False,
        },
        "yaxis": _scores_axis(found),
        **frame(380),
    }
    return Plot("by-seed", {"all": (View("", data, layout),)}, "all")


def _curves(found: Results, members: Sequence[Under]) -> View:
    axis = found.plan.axes[0]
    values = [one.condition.values[0] for one in members]
    numeric = all(_is_number(value) for value in values)
    places = [float(value) if numeric else place for place, value in enumerate(values)]
    far = numeric and min(places) > 0 and max(places) >= _FAR * min(places)
    data, names = [], strategy_names(members)
    for index, name in enumerate(names):
        apart = index - (len(names) - 1) / 2
        points = [
            (_beside(place, apart, places, far=far), of)
            for place, one in zip(places, members, strict=True)
            for of in one.scores
            if of.strategy == name and of.runs
        ]
        if points:
            data.append(
                _points(found, sorted(points, key=_place), index, name, joined=numeric)
            )
    xaxis: dict[str, Any] = {"title": {"text": plot_text(axis.key)}}
    if not numeric:
        ticks = [plot_text(str(value), LONGEST) for value in values]
        xaxis |= {"tickvals": places, "ticktext": ticks, "range": [-0.5, len(values) - 0.5]}
    elif far:
        xaxis |= {"type": "log"}
    layout = {"xaxis": xaxis, "yaxis": _scores_axis(found), **frame(400)}
    return View("", data, layout)


def _beside(place: float, apart: float, places: Sequence[float], *, far: bool) -> float:
    """Set a mark beside those of other strategies at the same place: none hides another."""
    low, high = min(places), max(places)
    if far:
        return place * math.pow(high / low, _APART * apart)
    return place + _APART * apart * ((high - low) or 1)


def _points(
    found: Results,
    points: Sequence[tuple[float, Score]],
    index: int,
    name: str,
    *,
    joined: bool,
) -> dict[str, Any]:
    """Draw means with their intervals; of values that have no order, no line joins them."""
    colour, dash, symbol = theme.series(index)
    digits, scaled = Digits(found.under, found.criterion), found.criterion.scaled
    intervals = [of.interval for _, of in points]
    above = [None if one is None else number(scaled(one.high - one.mean)) for one in intervals]
    below = [None if one is None else number(scaled(one.mean - one.low)) for one in intervals]
    return {
        "type": "scatter",
        "mode": "lines+markers" if joined else "markers",
        "name": plot_text(name, 24),
        "x": [number(place) for place, _ in points],
        "y": [number(scaled(of.mean)) for _, of in points],
        "error_y": {
            "type": "data",
            # Where an interval is cut, its ends are not as far from the mean.
            "symmetric": False,
            "array": above,
            "arrayminus": below,
            "color": colour,
            "thickness": 1.5,
            "width": 4,
        },
        "customdata": [plot_text(digits.score(of, digits.unit)) for _, of in points],
        "line": {"color": colour, "dash": dash, "width": 2},
        "marker": {"color": colour, "symbol": symbol, "size": 9},
        "hovertemplate": f"<b>{plot_text(name, 40)}</b>: %{{customdata}}<extra></extra>",
    }


def _scores_axis(found: Results) -> dict[str, Any]:
    criterion = found.criterion
    unit = " (%)" if criterion.unit else ""
    # From 0 on a lower mark is a better one; of what may be below 0, nothing is cut off.
    floor = {"rangemode": "tozero"} if criterion.unit or criterion.better == "lower" else {}
    return {"title": {"text": f"{sentence(criterion.title)}{unit}"}, **floor}


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _place(point: tuple[float, Score]) -> float:
    return point[0]
