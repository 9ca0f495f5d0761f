"""What those who gathered the data hold, and what weight they got: a table and a plot."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from operator import attrgetter
from statistics import fmean
from typing import TYPE_CHECKING, Any

from anml_fl.page import theme
from anml_fl.page.grid import Grid
from anml_fl.page.plot import Plot, View, frame, number
from anml_fl.system.untrusted_text import plot_text, visible
from server.report.claims_figure import kept_claims
from server.report.own_test_rows import own_test_rows
from server.report.standing_apart import claims_words, own_error_words
from server.report.wording import share, simulated

if TYPE_CHECKING:
    from anml_fl.run.reading import Run, StrategyRun
    from anml_fl.run.schema import OwnData

# Up to so many contributors each has a line of its own in the table, and a name in the plot.
_FEW = 20


def own_data_table(run: Run) -> Grid:
    """Compare contributors' samples, weights and errors on their own test samples.

    Parameters
    ----------
    run : Run
        With own data.

    Returns
    -------
    Grid
        A row a contributor; of many, a row for all whose names begin alike.
    """
    groups: dict[str, list[str]] = {}
    # Of one stem alone a sum would say nothing.
    many = len(run.summary.holdings) > _FEW and len(set(map(_stem, run.summary.holdings))) > 1
    lead = _means(run.lead, "q")
    for name in run.summary.holdings:
        stem = _stem(name) if many else name
        mark = f"{theme.ATTACKER_MARK} " if run.attacks(name) else ""
        groups.setdefault(mark + stem, []).append(name)
    weights = {one.name: mean_weights(one) for one in run.strategies}
    weighing = [name for name, of in weights.items() if any(map(math.isfinite, of.values()))]
    criterion = run.criterion
    tested = [
        one.name
        for one in run.strategies
        if any(one.name in _scores(run, held) for held in run.summary.holdings.values())
    ]
    rows = []
    for stem, names in groups.items():
        held = [run.summary.holdings[name] for name in names]
        rows.append(
            (
                visible(stem, 40),
                *((str(len(names)),) if many else ()),
                str(sum(one.samples for one in held)),
                _plain(
                    _mean([lead[n] for n in names if math.isfinite(lead.get(n, math.nan))])
                ),
                *(
                    share(sum(weights[strategy].get(name, 0.0) for name in names))
                    for strategy in weighing
                ),
                *(
                    criterion.digits(
                        _mean([_scores(run, h)[s] for h in held if s in _scores(run, h)])
                    )
                    or "—"
                    for s in tested
                ),
            )
        )
    titles = [
        "Contributors" if many else "Contributor",
        *(("Number*",) if many else ()),
        "Samples*",
        f"Mean q, {visible(run.lead.name, 40)}*",
        *(f"Weight, {visible(name, 40)} (%)*" for name in weighing),
        *(
            f"Its {criterion.name}, {visible(name, 40)}{' (%)' if criterion.unit else ''}*"
            for name in tested
        ),
    ]
    return Grid(tuple(titles), tuple(rows))


def own_data_figure(run: Run) -> Plot | None:
    """Draw each contributor's weight beside its share of the data.

    Returns
    -------
    Plot or None
        A group for each strategy that gives weights; None where nobody holds data of its own.
    """
    groups = {
        one.name: (_view(run, one),)
        for one in run.strategies
        if run.summary.holdings and one.weighing
    }
    if not groups:
        return None
    chosen = run.lead.name if run.lead.name in groups else next(iter(groups))
    return Plot("holdings", groups, chosen)


def stands_apart(run: Run) -> str:
    """Say which site's own error stands apart under the strategy that pays; "" of nobody."""
    held = run.summary.holdings
    errors = {
        name: one.errors[run.lead.name]
        for name, one in held.items()
        if run.lead.name in one.errors
    }
    if run.criterion.of_values:
        return ""
    if not errors:
        return _claimed_apart(run)
    samples = {name: held[name].samples for name in errors}
    means = mean_weights(run.lead)
    return own_error_words(
        errors, own_test_rows(held), samples, lambda name: means.get(name, math.nan)
    )


def _claimed_apart(run: Run) -> str:
    """Say it by the sites' claims of the kept model: of errors, and not of other scores."""
    found = kept_claims(run.lead)
    if found is None or found.metric or run.criterion.metric:
        return ""
    return claims_words(found.values, found.examples, f"in round {found.round}")


def mean_weights(strategy: StrategyRun) -> dict[str, float]:
    """Average each contributor's weight over the rounds; nan where there are no weights.

    Returns
    -------
    dict of str to float
        In [0, 1].
    """
    return _means(strategy, "weight")


def _means(strategy: StrategyRun, signal: str) -> dict[str, float]:
    seen: defaultdict[str, list[float]] = defaultdict(list)
    value = attrgetter(signal)
    for record in strategy.records:
        for person in record.contributors:
            seen[person.contributor].append(value(person))
    return {name: _mean([x for x in of if math.isfinite(x)]) for name, of in seen.items()}


def _scores(run: Run, held: OwnData) -> dict[str, float]:
    """Look up how each strategy's model does on somebody's own test samples."""
    return held.scores if run.criterion.metric else held.errors


def _shown(run: Run, score: float | None) -> str:
    unit = run.criterion.unit.replace(" ", "\N{NO-BREAK SPACE}")
    digits = run.criterion.digits(score)
    return digits + unit if digits else "—"


def _stem(name: str) -> str:
    return re.sub(r"-\d+$", "", name)


def _view(run: Run, strategy: StrategyRun) -> View:
    held, weights = run.summary.holdings, mean_weights(strategy)
    total = sum(one.samples for one in held.values()) or 1
    shares = {name: one.samples / total for name, one in held.items()}
    most = 105 * max([*shares.values(), *(w for w in weights.values() if math.isfinite(w))])
    data: list[dict[str, Any]] = []
    for attacks in (False, True):
        people = [name for name in held if run.attacks(name) is attacks]
        if attacks and not people:
            continue
        colour, symbol, _ = theme.ATTACKER if attacks else theme.HONEST
        data.append(
            {
                "type": "scatter",
                "mode": "markers+text" if len(held) <= _FEW else "markers",
                "name": ("attacker" if attacks else "honest")
                if simulated(run)
                else "contributor",
                "x": [number(100 * shares[name]) for name in people],
                "y": [number(100 * weights.get(name, math.nan)) for name in people],
                "text": [plot_text(name) for name in people],
                "textposition": "top center",
                "cliponaxis": False,
                "marker": {"color": colour, "symbol": symbol, "size": 11, "opacity": 0.85},
                "customdata": [
                    [
                        held[name].samples,
                        _shown(run, _scores(run, held[name]).get(strategy.name)),
                    ]
                    for name in people
                ],
                "hovertemplate": (
                    "<b>%{text}</b><br>weight %{y:.1f} %, share of the data %{x:.1f} %<br>"
                    "%{customdata[0]} samples,"
                    f" {run.criterion.name} on its own"
                    " %{customdata[1]}<extra></extra>"
                ),
            }
        )
    data.append(
        {
            "type": "scatter",
            "mode": "lines",
            "name": "weight = share of the data",
            "x": [0, number(most)],
            "y": [0, number(most)],
            "line": {"color": theme.GREY, "dash": "dash", "width": 1.5},
            "hoverinfo": "skip",
        }
    )
    scale = {"range": [-0.04 * most, number(1.06 * most)], "zeroline": False}
    layout = {
        "xaxis": {"title": {"text": "Share of the data (%)"}, **scale},
        "yaxis": {"title": {"text": "Mean weight (%)"}, **scale},
        "hovermode": "closest",
        **frame(420),
    }
    return View("", data, layout)


def _mean(values: list[float]) -> float:
    return fmean(values) if values else math.nan


def _plain(value: float) -> str:
    return f"{value:.2f}" if math.isfinite(value) else "—"
