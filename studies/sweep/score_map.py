"""The mean score over two settings that are swept, as a heat map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anml_fl.page.plot import Plot, View, colour_bar, frame_below_bar, number
from anml_fl.system.untrusted_text import plot_text
from studies.sweep.grouping import LONGEST, parted, strategy_names
from studies.sweep.words import Digits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from studies.sweep.plan import Value
    from studies.sweep.results import Results, Under


def as_map(found: Results) -> Plot | None:
    """Draw the mean score over two axes as a heat map, one for each strategy.

    Returns
    -------
    Plot or None
        A group for each strategy, and combination of further axes' values; None where fewer
        than two settings are swept, or no model was tested.
    """
    if len(found.plan.axes) < 2:
        return None
    groups = {}
    for title, members in parted(found, 2).items():
        for name in strategy_names(members):
            if any(of.runs and of.strategy == name for one in members for of in one.scores):
                label = f"{name}, {title}" if title else name
                groups[label] = (_cells(found, members, name),)
    if not groups:
        return None
    lead = next((name for name in groups if name.split(",")[0] == found.under[0].lead), None)
    return Plot("as-map", groups, lead or next(iter(groups)))


def _cells(found: Results, members: Sequence[Under], name: str) -> View:
    columns, rows = (
        list(dict.fromkeys(one.condition.values[place] for one in members)) for place in (0, 1)
    )
    scores = {
        one.condition.values[:2]: of
        for one in members
        for of in one.scores
        if of.strategy == name and of.runs
    }
    digits, scaled = Digits(found.under, found.criterion), found.criterion.scaled
    placed = [[scores.get((column, row)) for column in columns] for row in rows]
    height = 170 + 34 * len(rows)
    across, down = (plot_text(axis.key) for axis in found.plan.axes[:2])
    data = [
        {
            "type": "heatmap",
            "x": list(range(len(columns))),
            "y": list(range(len(rows))),
            "z": [
                [None if of is None else number(scaled(of.mean)) for of in r] for r in placed
            ],
            "text": [
                ["" if of is None else digits.number(of.mean) for of in r] for r in placed
            ],
            "customdata": [
                ["" if of is None else plot_text(digits.score(of, digits.unit)) for of in r]
                for r in placed
            ],
            "texttemplate": "%{text}",
            "hovertemplate": "%{customdata}<extra></extra>",
            "hoverongaps": False,
            "colorbar": colour_bar(height),
        }
    ]
    layout = {
        "xaxis": {"title": {"text": across}, **_ticks(columns)},
        "yaxis": {
            "title": {"text": down},
            **_ticks(rows),
            "range": [len(rows) - 0.5, -0.5],
        },
        **frame_below_bar(height, found.criterion.unit.strip() or found.criterion.name),
    }
    return View("", data, layout)


def _ticks(values: Sequence[Value]) -> dict[str, Any]:
    return {
        "tickvals": list(range(len(values))),
        "ticktext": [plot_text(str(value), LONGEST) for value in values],
        "showgrid": False,
        "zeroline": False,
    }
