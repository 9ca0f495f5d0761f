"""The tables of a sweep's page: every setting and strategy, and every run."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from anml_fl.page.grid import Grid
from anml_fl.run.files import REPORT
from anml_fl.system.untrusted_text import visible
from server.report.wording import sentence
from studies.sweep.words import Digits

if TYPE_CHECKING:
    from studies.sweep.results import Results, Score, Under

MOST_RUNS = 500
"""Runs that are listed; all are in the table beside the page."""

_SHOWN = {1: "better", 0: "not shown to differ", -1: "worse"}


def scores_grid(found: Results) -> Grid:
    """List what each strategy came to under each condition, with intervals."""
    digits = Digits(found.under, found.criterion)
    unit, points = (" (%)", " (points)") if found.criterion.unit else ("", "")
    leads = {one.lead for one in found.under}
    lead = visible(leads.pop(), 40) if len(leads) == 1 else "the paying one"
    swept, beside = len(found.under) > 1, any(len(one.scores) > 1 for one in found.under)
    titles = [
        *(axis.name for axis in found.plan.axes),
        "Strategy",
        "Seeds*",
        f"{sentence(found.criterion.title)}, mean{unit}*",
        *([f"{lead} is better by{points}*", f"{lead} is"] if beside else []),
        *([f"Better than with the first setting by{points}*"] if swept else []),
    ]
    rows = [
        (
            *(visible(str(value), 80) for value in one.condition.values),
            visible(score.strategy, 40),
            str(score.runs),
            digits.score(score) if score.runs else "—",
            *(_beside(one, score, digits) if beside else []),
            *([_against(score, digits)] if swept else []),
        )
        for one in found.under
        for score in one.scores
    ]
    return Grid(tuple(titles), tuple(rows))


def _beside(one: Under, score: Score, digits: Digits) -> tuple[str, str]:
    if score.strategy == one.lead or score.lead is None:
        return "—", "—"
    return digits.difference(score.lead), _SHOWN[score.verdict]


def _against(score: Score, digits: Digits) -> str:
    found = score.against_first
    return "—" if found is None else digits.difference(found)


def runs_grid(found: Results) -> Grid:
    """List the runs, each with a link to its own page."""
    names = list(dict.fromkeys(score.strategy for one in found.under for score in one.scores))
    unit = " (%)" if found.criterion.unit else ""
    shown = found.ended[:MOST_RUNS]
    rows = tuple(
        (
            visible(one.cell.folder, 100),
            str(one.run.seed),
            *(found.criterion.digits(one.run.scores.get(name)) or "—" for name in names),
        )
        for one in shown
    )
    return Grid(
        ("Run", "Seed*", *(f"{visible(name, 40)}{unit}*" for name in names)),
        rows,
        tuple(f"{quote(one.cell.folder)}/{REPORT}" for one in shown),
        len(found.ended),
    )
