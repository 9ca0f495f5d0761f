"""The weight of every contributor over the rounds, as a heatmap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anml_fl.page import theme
from anml_fl.page.plot import Plot, View, frame, number
from anml_fl.system.untrusted_text import plot_text
from server.report.round_axis import round_axis
from server.report.wording import attacked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anml_fl.run.reading import Run, StrategyRun


def weights(run: Run) -> Plot | None:
    """Draw the weight of each contributor over the rounds, a heatmap for each strategy.

    Returns
    -------
    Plot or None
        Attackers above the honest; None if no strategy gave weights.
    """
    people = sorted(run.summary.contributors, key=lambda name: (not run.attacks(name), name))
    groups = {
        strategy.name: (_weights(run, strategy, people),)
        for strategy in run.strategies
        if strategy.weighing
    }
    if not groups:
        return None
    return Plot("weights", groups, run.lead.name if run.lead.weighing else next(iter(groups)))


def _weights(run: Run, strategy: StrategyRun, people: Sequence[str]) -> View:
    rounds = [record.round for record in strategy.records]
    place = {name: index for index, name in enumerate(people)}
    share: list[list[float | None]] = [[None] * len(rounds) for _ in people]
    why = {
        (row, column): "was not asked"
        for row in place.values()
        for column in range(len(rounds))
    }
    for column, record in enumerate(strategy.records):
        for person in record.contributors:
            row = place[person.contributor]
            share[row][column] = number(100 * person.weight)
            if share[row][column] is None:
                why[row, column] = person.reason or "no weight recorded"
            else:
                del why[row, column]
    where = "<b>%{customdata}</b><br>round %{x}: "
    rows = list(range(len(people)))
    data: list[dict[str, Any]] = [
        {
            "type": "heatmap",
            "x": rounds,
            "y": rows,
            "z": share,
            "customdata": [[plot_text(name)] * len(rounds) for name in people],
            "zmin": 0,
            # Above the map: beside it, it would take the room of a narrow page.
            "colorbar": {
                "title": {"text": "Weight (%)", "side": "top", "font": {"size": 13}},
                "orientation": "h",
                "thickness": 10,
                "lenmode": "pixels",
                "len": 210,
                "x": 0,
                "xanchor": "left",
                "y": 1,
                "yanchor": "bottom",
                "ypad": 8,
                "outlinewidth": 0,
                "nticks": 5,
            },
            "hoverongaps": False,
            "hovertemplate": where + "%{z:.1f} %<extra></extra>",
        },
        {
            "type": "scatter",
            "mode": "markers",
            "x": [rounds[column] for _, column in why],
            "y": [row for row, _ in why],
            "customdata": [plot_text(people[row]) for row, _ in why],
            "text": [plot_text(reason) for reason in why.values()],
            "marker": {
                "color": theme.NOTHING[0],
                "symbol": theme.NOTHING[1],
                "size": 7,
                "line": {"width": 1.5, "color": theme.NOTHING[0]},
            },
            "showlegend": False,
            "hovertemplate": where + "no weight: %{text}<extra></extra>",
        },
    ]
    labels = [
        plot_text(name, 18) + (f" {theme.ATTACKER_MARK}" if run.attacks(name) else "")
        for name in people
    ]
    layout = {
        "xaxis": {**round_axis([strategy]), "showgrid": False},
        "yaxis": {
            "title": {
                "text": f"Contributor ({theme.ATTACKER_MARK} attacker)"
                if attacked(run)
                else "Contributor"
            },
            "tickvals": rows,
            "ticktext": labels,
            "tickfont": {"size": 12 if len(people) <= 30 else 10},
            "range": [len(people) - 0.5, -0.5],
            "showgrid": False,
            "zeroline": False,
        },
        **frame(150 + len(people) * (28 if len(people) <= 30 else 15)),
    }
    return View("", data, layout)
