"""What made each weight, as bars: how far each factor took it from an equal share."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from anml_fl.page import theme
from anml_fl.page.plot import Plot, View, frame, number
from anml_fl.reasons.over_rounds_words import because_over
from anml_fl.system.untrusted_text import plot_text
from server.report.contributor_map import band_lines, drawn_people, omitted
from server.report.factor_titles import factor_title

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from anml_fl.run.reading import Run
    from server.report.why import Why

# What a colour tells, a pattern tells too.
_PATTERNS = ("", "/", ".", "\\", "x", "-", "|", "+")


def why_figure(run: Run, why: Why) -> Plot | None:
    """Draw the parts of each weight, over all rounds and in the last one.

    Returns
    -------
    Plot or None
        None where it is known of nobody what made its weight.
    """
    order, ends = drawn_people(run, run.lead, lambda person: person.weight)
    if not ends:
        order.sort(key=lambda name: (-_mean(why, name), name))
    last = {
        one.contributor: why.last.reason(one.contributor).parts
        for one in why.last.record.contributors
    }
    number_ = why.last.record.round
    over = {name: one.parts for name, one in why.over.items()}
    told = {name: because_over(one) for name, one in why.over.items()}
    of_last = dict(zip(last, why.last.why, strict=False))
    groups = {f"round {number_}": (_view(run, order, why.factors, last, of_last, ends),)}
    if why.rounds > 1:
        groups = {
            "all rounds": (_view(run, order, why.factors, over, told, ends),),
            **groups,
        }
    known = {name: views for name, views in groups.items() if views[0].data}
    if not known:
        return None
    return Plot("why", known, next(iter(known)), thinned=omitted(run))


def _mean(why: Why, name: str) -> float:
    found = why.over.get(name)
    return 0.0 if found is None or found.weight is None else found.weight


def _view(
    run: Run,
    people: Sequence[str],
    factors: Sequence[str],
    parts: Mapping[str, Mapping[str, float]],
    told: Mapping[str, str],
    ends: Sequence[int],
) -> View:
    rows = [(row, parts[name]) for row, name in enumerate(people) if parts.get(name)]
    if not rows or not factors:
        return View("", [], {})
    labels = [plot_text(people[row]) for row, _ in rows]
    data: list[dict[str, Any]] = [
        {
            "type": "bar",
            "orientation": "h",
            "name": plot_text(factor_title(factor), 24),
            "y": [row for row, _ in rows],
            "x": [number(100 * of.get(factor, math.nan)) for _, of in rows],
            "customdata": labels,
            "marker": {
                "color": theme.series(place)[0],
                "pattern": {"shape": _PATTERNS[place % len(_PATTERNS)], "solidity": 0.25},
            },
            "hovertemplate": "<b>%{customdata}</b><br>"
            f"{plot_text(factor_title(factor), 24)}: %{{x:+.1f}} points<extra></extra>",
        }
        for place, factor in enumerate(factors)
    ]
    data.append(
        {
            "type": "scatter",
            "mode": "markers",
            "name": "all together",
            "y": [row for row, _ in rows],
            "x": [number(100 * math.fsum(of.values())) for _, of in rows],
            "customdata": [
                [label, plot_text(told.get(people[row], ""), 300)]
                for (row, _), label in zip(rows, labels, strict=True)
            ],
            "marker": {
                "symbol": "diamond",
                "size": 9,
                "color": theme.GREY,
                "line": {"width": 1.5, "color": "#ffffff"},
            },
            "hovertemplate": "<b>%{customdata[0]}</b><br>%{x:+.1f} points from an equal"
            " share<br>%{customdata[1]}<extra></extra>",
        }
    )
    many = len(people) > 30
    layout = {
        "barmode": "relative",
        "bargap": 0.3,
        "xaxis": {
            "title": {"text": "Percentage points from an equal share"},
            "zeroline": True,
            "zerolinewidth": 2,
            "zerolinecolor": theme.GREY,
        },
        "yaxis": {
            "title": {"text": "Contributor"},
            "tickvals": list(range(len(people))),
            "ticktext": [
                plot_text(name, 18) + (f" {theme.ATTACKER_MARK}" if run.attacks(name) else "")
                for name in people
            ],
            "tickfont": {"size": 10 if many else 12},
            "range": [len(people) - 0.5, -0.5],
            "showgrid": False,
            "zeroline": False,
        },
        "shapes": band_lines(ends),
        "hovermode": "closest",
        **frame(150 + len(people) * (15 if many else 28)),
    }
    return View("", data, layout)
