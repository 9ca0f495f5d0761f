"""The plots by round: test error or score, branch taken, rho_c."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anml_fl.page import theme
from anml_fl.page.plot import Plot, View, frame, number
from anml_fl.run.branch_name import branch_name
from anml_fl.settings.run import APP
from anml_fl.system.untrusted_text import plot_text
from server.report.round_axis import round_axis, span
from server.report.wording import sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anml_fl.run.reading import Run, StrategyRun


def error_by_round(run: Run) -> Plot | None:
    """Draw the test error by round, or the metric that was chosen, a line for each strategy.

    Returns
    -------
    Plot or None
        None if no round was tested.
    """
    criterion = run.criterion
    shown = "%{y:.1f} %" if criterion.unit else "%{y:,.4~r}"
    data: list[dict[str, Any]] = []
    for index, strategy in enumerate(run.strategies):
        scores = [
            number(criterion.scaled(criterion.score(record))) for record in strategy.records
        ]
        if any(score is not None for score in scores):
            data.append(_line(strategy, index, scores, shown, wide=strategy is run.lead))
    if not data:
        return None
    data.extend(_kept(run))
    title = f"{sentence(criterion.title)}{' (%)' if criterion.unit else ''}"
    # From 0 on a shorter line is a better one; of what may be below 0, nothing is cut off.
    floor = {"rangemode": "tozero"} if criterion.unit or criterion.better == "lower" else {}
    layout = {
        "xaxis": round_axis(run.strategies),
        "yaxis": {"title": {"text": title}, **floor},
        "hovermode": "x unified",
        **frame(380),
    }
    return _single("test-error", View("", data, layout))


def app_score(run: Run) -> Plot | None:
    """Draw the score by which a Flower app tested each round's model, beside its error.

    Returns
    -------
    Plot or None
        None if there is none; of other runs the metric says what a score is.
    """
    scores = [number(record.test_score) for record in run.lead.records]
    if run.summary.engine != APP or all(score is None for score in scores):
        return None
    layout = {
        "xaxis": round_axis(run.strategies),
        "yaxis": {"title": {"text": "Score by the app's test"}},
        "hovermode": "x unified",
        **frame(340),
    }
    line = _line(run.lead, 0, scores, "%{y:.4~g}", wide=True)
    return _single("app-score", View("", [line], layout))


def branches(run: Run) -> Plot | None:
    """Draw which branch each strategy took in each round.

    Returns
    -------
    Plot or None
        None if no strategy took a branch.
    """
    rows = [strategy for strategy in run.strategies if strategy.branching]
    if not rows:
        return None
    places: dict[str, list[tuple[int, int]]] = {}
    for row, strategy in enumerate(rows):
        for record in strategy.records:
            places.setdefault(record.branch or "no valid reply", []).append(
                (record.round, row)
            )
    order = [*theme.BRANCHES, *sorted(set(places) - set(theme.BRANCHES))]
    size = max(4, min(12, 300 // max(len(strategy.records) for strategy in rows)))
    data = [
        {
            "type": "scatter",
            "mode": "markers",
            "name": plot_text(branch_name(name)),
            "x": [number for number, _ in places[name]],
            "y": [row for _, row in places[name]],
            # Only the thin cross is drawn by its line.
            "marker": {
                "color": colour,
                "symbol": symbol,
                "size": size,
                "line": {"width": 0 if name in theme.BRANCHES else 2},
            },
            "hovertemplate": "round %{x}: " + plot_text(branch_name(name)) + "<extra></extra>",
        }
        for name in order
        if name in places
        for colour, symbol in [theme.BRANCHES.get(name, theme.NOTHING)]
    ]
    layout = {
        "xaxis": {**round_axis(rows), "showgrid": False},
        "yaxis": {
            "title": {"text": "Strategy"},
            "tickvals": list(range(len(rows))),
            "ticktext": [plot_text(strategy.name, 16) for strategy in rows],
            "range": [len(rows) - 0.5, -0.5],
            "showgrid": False,
            "zeroline": False,
        },
        **frame(150 + 36 * len(rows)),
    }
    return _single("branches", View("", data, layout))


def correlation(run: Run) -> Plot | None:
    """Draw rho_c by round, with the line of tau_c.

    Returns
    -------
    Plot or None
        None if rho_c was never defined.
    """
    data: list[dict[str, Any]] = []
    for index, strategy in enumerate(run.strategies):
        values = [number(record.rho_c) for record in strategy.records]
        if strategy.branching and any(value is not None for value in values):
            data.append(_line(strategy, index, values, "%{y:.2f}", wide=False))
    if not data:
        return None
    first, last = span(run.strategies)
    data.append(
        {
            "type": "scatter",
            "mode": "lines",
            "name": f"tau_c = {run.tau_c:g}",
            "x": [first - 0.5, last + 0.5],
            "y": [run.tau_c, run.tau_c],
            "line": {"color": theme.GREY, "dash": "dash", "width": 1.5},
            "hoverinfo": "skip",
        }
    )
    layout = {
        "xaxis": round_axis(run.strategies),
        "yaxis": {"title": {"text": "rho_c (no unit)"}, "range": [-1.08, 1.08]},
        "hovermode": "x unified",
        **frame(320),
    }
    return _single("correlation", View("", data, layout))


def _kept(run: Run) -> list[dict[str, Any]]:
    """Mark the rounds whose models were kept, where these are the best ones."""
    marks = [
        (record.round, run.criterion.scaled(run.criterion.score(record)))
        for strategy in run.strategies
        for record in strategy.records
        if record.round == strategy.summary.best_round
    ]
    if not marks:
        return []
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "name": "kept",
            "x": [place for place, _ in marks],
            "y": [number(score) for _, score in marks],
            "marker": {
                "color": theme.GREY,
                "symbol": "circle-open",
                "size": 16,
                "line": {"width": 2},
            },
            "hoverinfo": "skip",
        }
    ]


def _line(
    strategy: StrategyRun,
    index: int,
    values: Sequence[float | None],
    shown: str,
    *,
    wide: bool,
) -> dict[str, Any]:
    colour, dash, symbol = theme.series(index)
    many = len(values) > 60
    return {
        "type": "scatter",
        # Markers too: a line through one round would not be seen.
        "mode": "lines" if many else "lines+markers",
        "name": plot_text(strategy.name, 24),
        "x": [record.round for record in strategy.records],
        "y": list(values),
        "line": {"color": colour, "dash": dash, "width": 3 if wide else 2},
        "marker": {"color": colour, "symbol": symbol, "size": 8 if wide else 7},
        "hovertemplate": shown,
    }


def _single(name: str, view: View) -> Plot:
    return Plot(name, {name: (view,)}, name)
