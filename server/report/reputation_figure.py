"""Reputation over the rounds, and the weight that came of it: where r was earned."""

from __future__ import annotations

import math
from collections import defaultdict
from statistics import median
from typing import TYPE_CHECKING, Any

from anml_fl.page import theme
from anml_fl.page.plot import Plot, View, frame, number
from anml_fl.system.untrusted_text import plot_text, visible
from server.report.round_axis import round_axis
from server.report.shown_contributors import standing_out
from server.report.wording import HONEST, simulated

if TYPE_CHECKING:
    from collections.abc import Callable

    from anml_fl.method.records import ContributorRecord
    from anml_fl.run.reading import Run, StrategyRun

MOST_LINES = 12
"""Contributors with a line of their own: more could not be told apart."""


def reputation(run: Run) -> Plot | None:
    """Draw reputation r by round: a line for each that is not simply honest, or moved most.

    Returns
    -------
    Plot or None
        One group a strategy; None if no reputation moved.
    """
    return _curves(run, "reputation", "Reputation r (no unit)", lambda person: person.r)


def weight_curves(run: Run) -> Plot | None:
    """Draw the weights of the contributors that `reputation` draws, as it does."""
    return _curves(run, "reputation-weights", "Weight (%)", lambda person: 100 * person.weight)


def _curves(
    run: Run, name: str, title: str, value: Callable[[ContributorRecord], float]
) -> Plot | None:
    groups = {
        strategy.name: (_view(run, strategy, title, value),)
        for strategy in run.strategies
        if strategy.weighing and _moved(strategy)
    }
    if not groups:
        return None
    chosen = run.lead.name if run.lead.name in groups else next(iter(groups))
    return Plot(name, groups, chosen)


def _moved(strategy: StrategyRun) -> bool:
    seen: dict[str, float] = {}
    return any(
        seen.setdefault(person.contributor, person.r) != person.r
        for record in strategy.records
        for person in record.contributors
    )


def _view(
    run: Run, strategy: StrategyRun, title: str, value: Callable[[ContributorRecord], float]
) -> View:
    known = simulated(run)
    behaviours = run.summary.contributors
    singled = _singled(run) if known else _moved_most(strategy)
    rounds = [record.round for record in strategy.records]
    values = [
        {person.contributor: value(person) for person in record.contributors}
        for record in strategy.records
    ]
    data: list[dict[str, Any]] = []
    honest = [name for name, kind in behaviours.items() if not known or kind == HONEST]
    if honest:
        middle = []
        for seen in values:
            finite = [seen[one] for one in honest if math.isfinite(seen.get(one, math.nan))]
            middle.append(number(median(finite)) if finite else None)
        label = f"{'honest' if known else 'all'} (median of {len(honest)})"
        data.append(_line(0, label, rounds, middle, wide=True))
    for index, (behaviour, name) in enumerate(singled, start=1):
        curve = [number(seen.get(name, math.nan)) for seen in values]
        label = visible(name, 24)
        if known:
            label = f"{visible(behaviour, 24)}: {label}"
        data.append(_line(index, label, rounds, curve, wide=False))
    layout = {
        "xaxis": round_axis([strategy]),
        "yaxis": {"title": {"text": title}, "rangemode": "tozero"},
        "hovermode": "x unified",
        **frame(380),
    }
    return View("", data, layout)


def _singled(run: Run) -> list[tuple[str, str]]:
    """Behaviour and name of who is not simply honest, some of each kind."""
    kinds: defaultdict[str, list[str]] = defaultdict(list)
    for name, behaviour in sorted(run.summary.contributors.items()):
        if behaviour != HONEST:
            kinds[behaviour].append(name)
    # One of each behaviour before a second of any.
    turns = [
        (turn, kind, name) for kind, names in kinds.items() for turn, name in enumerate(names)
    ]
    return [(kind, name) for _, kind, name in sorted(turns)[:MOST_LINES]]


def _moved_most(strategy: StrategyRun) -> list[tuple[str, str]]:
    """Whose reputation moved most, where nobody simulates who is to be looked at."""
    values: defaultdict[str, list[float]] = defaultdict(list)
    for record in strategy.records:
        for person in record.contributors:
            values[person.contributor].append(person.r)
    most, moved, _ = standing_out(values, each=MOST_LINES)
    spread = {
        name: max(finite) - min(finite)
        for name in (*most, *moved)
        if (finite := [value for value in values[name] if math.isfinite(value)])
    }
    order = sorted(spread, key=lambda name: (-spread[name], name))
    return [("", name) for name in order[:MOST_LINES]]


def _line(
    index: int, label: str, rounds: list[int], values: list[float | None], *, wide: bool
) -> dict[str, Any]:
    colour, dash, symbol = theme.series(index)
    return {
        "type": "scatter",
        "mode": "lines" if len(rounds) > 60 else "lines+markers",
        "name": plot_text(label, 60),
        "x": rounds,
        "y": values,
        "line": {"color": colour, "dash": dash, "width": 3 if wide else 2},
        "marker": {"color": colour, "symbol": symbol, "size": 6},
        "hovertemplate": "%{y:.3g}",
    }
