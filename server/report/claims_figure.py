"""What the sites say of the model on rows of their own: a table and a plot, nobody's proof."""

from __future__ import annotations

import math
from statistics import median
from typing import TYPE_CHECKING, Any

from anml_fl.page import theme
from anml_fl.page.grid import Grid
from anml_fl.page.plot import Plot, View, frame, number
from anml_fl.system.untrusted_text import plot_text, visible
from server.report.claimed_metric import NamedMetric, claimed_metric
from server.report.round_axis import round_axis

if TYPE_CHECKING:
    from anml_fl.run.claims import ClaimsRecord
    from anml_fl.run.reading import Run, StrategyRun

MOST_ROWS = 300
"""Sites that are written; all stand in claims.jsonl."""
MOST_METRICS = 6
"""Metrics of an app's nodes that are written, likewise."""


def claims_table(run: Run) -> Grid | None:
    """Show what each site says of each strategy's final model, and the median.

    Returns
    -------
    Grid or None
        None if nobody was asked.
    """
    last = {s.name: found for s in run.strategies if (found := kept_claims(s)) is not None}
    if not last:
        return None
    if named := [one for one in last.values() if one.metric]:
        return _named_metrics(named[0])
    criterion = run.criterion
    everybody = sorted({n for one in last.values() for n in (*one.values, *one.left_out)})
    rows = [
        (
            visible(name, 40),
            str(max((one.examples.get(name, 0) for one in last.values()), default=0) or "—"),
            *(criterion.digits(one.values.get(name)) or "—" for one in last.values()),
            "; ".join(
                dict.fromkeys(
                    visible(one.left_out[name], 200)
                    for one in last.values()
                    if name in one.left_out
                )
            ),
        )
        for name in everybody
    ]
    middle = (
        "median",
        "",
        *(criterion.digits(one.median) or "—" for one in last.values()),
        "",
    )
    unit = " (%)" if criterion.unit else ""
    titles = (
        "Site",
        "Rows*",
        *(f"{visible(strategy, 40)}{unit}*" for strategy in last),
        "Why nothing",
    )
    # Where everybody said something there is nothing to explain.
    width = len(titles) if any(row[-1] for row in rows) else len(titles) - 1
    shown = tuple(row[:width] for row in (middle, *rows[:MOST_ROWS]))
    return Grid(titles[:width], shown, total=len(rows) + 1)


def _named_metrics(claims: ClaimsRecord) -> Grid:
    """Show all metrics that an app's nodes name of one model, a column each."""
    told = sorted({metric for of in claims.metrics.values() for metric in of})
    # The one that stands for the others where one is shown stands first here, too.
    names = [claims.metric, *(name for name in told if name != claims.metric)][:MOST_METRICS]
    shown = NamedMetric("")
    medians = [
        median([of[name] for of in claims.metrics.values() if name in of] or [math.nan])
        for name in names
    ]
    rows = [("median", "", *(shown.digits(one) or "—" for one in medians), "")]
    for site in sorted({*claims.metrics, *claims.left_out}):
        of = claims.metrics.get(site, {})
        rows.append(
            (
                visible(site, 40),
                str(claims.examples.get(site, "—")),
                *(shown.digits(of.get(name)) or "—" for name in names),
                visible(claims.left_out.get(site, ""), 200),
            )
        )
    titles = ("Site", "Rows*", *(f"{visible(name, 40)}*" for name in names), "Why nothing")
    width = len(titles) if claims.left_out else len(titles) - 1
    kept = tuple(row[:width] for row in rows[: MOST_ROWS + 1])
    return Grid(titles[:width], kept, total=len(rows))


def claims_figure(run: Run) -> Plot | None:
    """Draw the median of the claims by round, a line for each strategy.

    Returns
    -------
    Plot or None
        None if nothing was claimed.
    """
    criterion = claimed_metric(run)
    shown = run.lead.claims[-1].metric if run.lead.claims else ""
    data: list[dict[str, Any]] = []
    for index, strategy in enumerate(run.strategies):
        medians = [
            number(criterion.scaled(one.median)) if one.metric == shown else None
            for one in strategy.claims
        ]
        if all(value is None for value in medians):
            continue
        colour, dash, symbol = theme.series(index)
        wide = strategy is run.lead
        data.append(
            {
                "type": "scatter",
                "mode": "lines" if len(medians) > 60 else "lines+markers",
                "name": plot_text(strategy.name, 24),
                "x": [one.round for one in strategy.claims],
                "y": medians,
                "line": {"color": colour, "dash": dash, "width": 3 if wide else 2},
                "marker": {"color": colour, "symbol": symbol, "size": 8 if wide else 7},
                "hovertemplate": "%{y:.1f} %" if criterion.unit else "%{y:.3~g}",
            }
        )
    if not data:
        return None
    title = f"Claimed {plot_text(criterion.name)}{' (%)' if criterion.unit else ''}, median"
    layout = {
        "xaxis": round_axis(run.strategies),
        "yaxis": {"title": {"text": title}},
        "hovermode": "x unified",
        **frame(340),
    }
    return Plot("claims", {"claims": (View("", data, layout),)}, "claims")


def claimed_result(run: Run) -> str:
    """Say in a sentence what is claimed of each strategy's model, of the lead's first.

    Returns
    -------
    str
        Empty if nobody was asked.
    """
    strategies = [run.lead, *(one for one in run.strategies if one is not run.lead)]
    asked = {one.name: found for one in strategies if (found := kept_claims(one)) is not None}
    if not asked:
        return ""
    criterion = claimed_metric(run)
    unit = criterion.unit.replace(" ", "\N{NO-BREAK SPACE}")
    medians = [
        (f"of {visible(name, 40)}", f"{criterion.digits(found.median)}{unit}")
        for name, found in asked.items()
        if not math.isnan(found.median)
    ]
    if not medians:
        return "No site claims anything of the model, and the server tested nothing."
    most = max(len(found.values) for found in asked.values())
    sites = "1 site claims" if most == 1 else f"{most} sites claim"
    (whose, score), *others = medians
    said = [f"the median {criterion.name} {whose} is {score}", *map(" ".join, others)]
    return f"By what {sites}, {', '.join(said)}; the server tested nothing."


def kept_claims(strategy: StrategyRun) -> ClaimsRecord | None:
    """Find what is claimed of the model that was kept; None if nobody was asked."""
    kept = strategy.summary.best_round or len(strategy.records)
    return next((one for one in strategy.claims if one.round == kept), None)
