"""From which skew on a rule is worse than no defence."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from studies.reproduction.conditions import value_of, without
from studies.reproduction.document import Grid
from studies.reproduction.intervals import mean
from studies.reproduction.numbers import interval

if TYPE_CHECKING:
    from studies.reproduction.intervals import Estimate
    from studies.reproduction.results import Study

_METRIC = "error_above_fedavg"


def turning_points(study: Study) -> Grid | None:
    """Say for each rule from which Dirichlet alpha down it is worse than no defence.

    Parameters
    ----------
    study : Study
        With `error_above_fedavg` over alpha.

    Returns
    -------
    Grid or None
        One row a rule and rest of the condition: the greatest alpha from which on all smaller
        ones have their 95 % interval above 0, and what is lost there. None without such.
    """
    found: dict[tuple[str, str], dict[float, Estimate]] = {}
    for _, condition, cells in study.settings_of(_METRIC):
        alpha = value_of(condition, "alpha")
        if alpha is None:
            continue
        for method, cell in cells.items():
            lost = mean(cell.values).times(100)
            found.setdefault((without(condition, "alpha"), method), {})[alpha] = lost
    rows = []
    for (rest, method), by_alpha in found.items():
        turn = None
        for alpha in sorted(by_alpha):
            if not by_alpha[alpha].low > 0:
                break
            turn = alpha
        rows.append((rest, method, *_told(turn, by_alpha)))
    if not rows:
        return None
    heads = ("Condition", "Rule", "Worse than no defence from alpha*", "By points, there*")
    return Grid(heads, tuple(rows))


def _told(turn: float | None, by_alpha: dict[float, Estimate]) -> tuple[str, str]:
    if turn is None:
        return "nowhere", "—"
    return ("even data" if turn == math.inf else f"{turn:g}"), interval(by_alpha[turn], 1)
