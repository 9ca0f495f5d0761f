"""The paper's Figure 6 for any round: q against s, and what the gate made of it."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any

from anml_fl.page import theme
from anml_fl.page.plot import Plot, View, frame, number
from anml_fl.reasons.reply_words import plain, what_came
from anml_fl.system.untrusted_text import plot_text, visible
from server.report.wording import attacked, decision, simulated

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from anml_fl.method.records import ContributorRecord, RoundRecord
    from anml_fl.run.reading import Run

    Called = Callable[[str], list[str]]

MOST_POINTS = 20_000
"""Points on the sliders of all strategies: above it, rounds are thinned out evenly."""
MOST_TOLD = 2_000
"""Points of a round up to which each can be pointed at; more are painted as one picture."""
_MANY = 300


def gate(run: Run) -> Plot | None:
    """Draw q against s for every contributor, round by round.

    Returns
    -------
    Plot or None
        A group for each strategy that took a branch; None without any.
    """
    # Each contributor stands in every round: how it is called is worked out once.
    called = cache(lambda name: [plot_text(name), _behaviour(run, name)])
    branching = [strategy for strategy in run.strategies if strategy.branching]
    most = MOST_POINTS // max(1, len(branching))
    groups = {
        strategy.name: tuple(
            _view(run, record, called) for record in _thinned(strategy.records, most)
        )
        for strategy in branching
    }
    if not groups:
        return None
    return Plot(
        "gate",
        groups,
        run.lead.name if run.lead.branching else next(iter(groups)),
        thinned=" To keep the page small, not every round is here."
        if any(len(groups[s.name]) < len(s.records) for s in branching)
        else "",
    )


def _thinned(records: Sequence[RoundRecord], most: int) -> Sequence[RoundRecord]:
    points = sum(len(record.contributors) for record in records)
    step = math.ceil(points / most) or 1
    # Counted from the end: the last round is the one that is shown first.
    return records[::-1][::step][::-1]


def _view(run: Run, record: RoundRecord, called: Called) -> View:
    placed: list[ContributorRecord] = []
    hidden: list[str] = []
    for person in record.contributors:
        if math.isfinite(person.q) and math.isfinite(person.s):
            placed.append(person)
        else:
            hidden.append(visible(person.contributor, 40))
    # The legend shows the first point's symbol: a filled one, if there is any.
    placed.sort(key=lambda person: not person.selected)
    note = decision(record, run.tau_h, run.tau_c)
    if hidden:
        more = f" and {len(hidden) - 5} more" if len(hidden) > 5 else ""
        note += f" Not drawn, for want of a valid reply: {', '.join(hidden[:5])}{more}."
    data = [
        _points(
            run, [p for p in placed if run.attacks(p.contributor) is attacks], attacks, called
        )
        for attacks in ((False, True) if attacked(run) else (False,))
    ]
    data.append(
        {
            "type": "scatter",
            "mode": "lines",
            "name": f"tau_h = {run.tau_h:g}",
            "x": [run.tau_h, run.tau_h],
            "y": [-0.06, 1.06],
            "line": {"color": theme.GREY, "dash": "dash", "width": 1.5},
            "hoverinfo": "skip",
        }
    )
    scale = {"range": [-0.06, 1.06], "zeroline": False, "dtick": 0.2}
    layout = {
        "xaxis": {"title": {"text": "External signal s = v · r (no unit)"}, **scale},
        "yaxis": {"title": {"text": "Consistency q (no unit)"}, **scale},
        "hovermode": "closest",
        **frame(460),
    }
    layout["legend"]["itemsizing"] = "constant"
    return View(str(record.round), data, layout, note)


def _points(
    run: Run, people: Sequence[ContributorRecord], attacks: bool, called: Called
) -> dict[str, Any]:
    colour, filled, hollow = theme.ATTACKER if attacks else theme.HONEST
    told = len(people) <= MOST_TOLD
    return {
        "type": "scatter",
        "mode": "markers",
        "name": ("attacker" if attacks else "honest") if simulated(run) else "contributor",
        # An empty trace has no legend entry; one point nowhere keeps it.
        "x": [_place(p.s, told) for p in people] or [None],
        "y": [_place(p.q, told) for p in people] or [None],
        "marker": {
            "color": colour,
            "symbol": [filled if p.selected else hollow for p in people] or filled,
            "size": [_size(p.weight, len(run.summary.contributors)) for p in people] or 12,
            "opacity": 0.85,
            "line": {"width": 2, "color": colour},
        },
        "customdata": [
            [
                *called(p.contributor),
                *(f"{x:.3f}" if math.isfinite(x) else "—" for x in (p.v, p.r, p.T)),
                f"{100 * p.weight:.1f} %" if math.isfinite(p.weight) else "—",
                "yes" if p.selected else "no",
                f"<br>{what_came(p.reason)}: {plot_text(plain(p.reason))}" if p.reason else "",
            ]
            for p in (people if told else ())
        ],
        **({} if told else {"hoverinfo": "skip"}),
        "hovertemplate": (
            "<b>%{customdata[0]}</b>%{customdata[1]}<br>"
            "q %{y:.3f}, s %{x:.3f}<br>"
            "v %{customdata[2]}, r %{customdata[3]}, T %{customdata[4]}<br>"
            "weight %{customdata[5]}, selected: %{customdata[6]}%{customdata[7]}"
            "<extra></extra>"
        ),
    }


def _behaviour(run: Run, contributor: str) -> str:
    return f" ({plot_text(run.summary.contributors[contributor])})" if simulated(run) else ""


def _place(value: float, told: bool) -> float | None:
    # Of a picture a thousandth is less than a px.
    return number(value) if told else round(value, 3)


def narrowest(contributors: int) -> int:
    """Give the width in px of the mark of one who has no weight: of many, a small one.

    Examples
    --------
    >>> narrowest(10), narrowest(10_000)
    (6, 4)
    """
    return 6 if contributors <= _MANY else 4


def _size(weight: float, contributors: int) -> float:
    # The area is the weight; an equal share makes 14 px, and 6 where there are many.
    equal = 14.0 if contributors <= _MANY else 6.0
    share = weight * contributors if math.isfinite(weight) else 0.0
    size = equal * math.sqrt(max(share, 0.0))
    return round(min(44.0, max(float(narrowest(contributors)), size)), 1)
