"""Heat maps of the arena: rules by attacks, the darker the more is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anml_fl.page.plot import colour_bar, frame_below_bar, number
from anml_fl.system.untrusted_text import plot_text
from studies.arena.results import Place
from studies.arena.setup import NOBODY
from studies.reproduction.document import Drawing

if TYPE_CHECKING:
    from studies.arena.grid import Deal
    from studies.arena.results import Results

_LONGEST = 26  # characters of a rule's name beside the map
_ROW, _COLUMN, _AROUND = 24, 24, 190  # px


def heat_map(results: Results, metric: str, name: str, title: str, caption: str) -> Drawing:
    """Draw a metric of every rule under every attack: a view for each deal and share.

    Parameters
    ----------
    results : Results
    metric : str
        A share, shown in per cent.
    name, title, caption : str
        As of `Drawing`.
    """
    views = {
        f"{deal.label}, {count} of {deal.contributors} attack": _view(
            results, metric, deal, count
        )
        for deal in results.deals
        for count in reversed(results.counts(deal))
        if count
    }
    return Drawing(name, title, caption, views)


def _view(
    results: Results, metric: str, deal: Deal, count: int
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    columns = [Place(deal, NOBODY, 0), *(Place(deal, one, count) for one in results.attacks)]
    rules = [
        rule
        for rule in results.rules
        if any(results.by_seed(rule, one, metric) for one in columns)
    ]
    shares = [
        [number(100 * results.mean(rule, place, metric)) for place in columns]
        for rule in rules
    ]
    height = _AROUND + _ROW * len(rules)
    data = [
        {
            "type": "heatmap",
            "x": [plot_text(place.attack, _LONGEST) for place in columns],
            "y": list(range(len(rules))),
            "z": shares,
            "zmin": 0,
            "zmax": 100,
            "customdata": [[plot_text(rule)] * len(columns) for rule in rules],
            "colorbar": colour_bar(height),
            "hoverongaps": False,
            # Colours alone do not tell 17 from 24.
            "texttemplate": "%{z:.0f}",
            "textfont": {"size": 10},
            "hovertemplate": "<b>%{customdata}</b><br>%{x}: %{z:.1f} %<extra></extra>",
        }
    ]
    layout = {
        "xaxis": {"tickangle": -60, "dtick": 1, "showgrid": False, "type": "category"},
        # Three digits a cell, beside the rules' names.
        "meta": {"least": 200 + _COLUMN * len(columns)},
        "yaxis": {
            "tickvals": list(range(len(rules))),
            "ticktext": [plot_text(rule, _LONGEST) for rule in rules],
            "tickfont": {"size": 11},
            "range": [len(rules) - 0.5, -0.5],
            "showgrid": False,
            "zeroline": False,
        },
        **frame_below_bar(height, "%"),
    }
    return data, layout
