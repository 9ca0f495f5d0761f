"""The table that `anml attribution` shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from anml_fl.behaviour import is_honest
from anml_fl.page.theme import ATTACKER_MARK
from anml_fl.run.attribution import ESTIMATORS
from anml_fl.system.untrusted_text import visible

if TYPE_CHECKING:
    from anml_fl.run.attribution import Attribution


def table(attribution: Attribution) -> Table:
    """Show an attribution: a row a contributor, then how each estimator went.

    Returns
    -------
    rich.table.Table
        Values in percentage points of test accuracy, summed over rounds; "rank to" is
        Spearman's rank correlation.
    """
    estimators = attribution.estimators
    shown = Table()
    shown.add_column("contributor")
    shown.add_column("behaviour")
    shown.add_column("settled", justify="right")
    for estimator in estimators:
        heading = ESTIMATORS[estimator.name].replace("-", "-\n", 1)
        shown.add_column(heading.replace(" ", "\n"), justify="right")
    for one in attribution.contributors:
        mark = "" if is_honest(one.behaviour) else f"{ATTACKER_MARK} "
        shown.add_row(
            visible(one.contributor, 40),
            mark + visible(one.behaviour, 40),
            "-" if one.settled is None else f"{100 * one.settled:.1f} %",
            *(_points(getattr(one, estimator.name)) for estimator in estimators),
        )
    shown.add_section()
    shown.add_row("rank to settled", "", "", *(_rank(one.with_settled) for one in estimators))
    if any(one.with_exact is not None for one in estimators):
        shown.add_row("rank to exact", "", "", *(_rank(one.with_exact) for one in estimators))
    shown.add_row("models tested", "", "", *(f"{one.evaluations:,}" for one in estimators))
    seconds = ("-" if one.seconds is None else f"{one.seconds:.1f}" for one in estimators)
    shown.add_row("seconds", "", "", *seconds)
    return shown


def _points(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:+.2f}"


def _rank(value: float | None) -> str:
    return "-" if value is None else f"{value:+.2f}"
