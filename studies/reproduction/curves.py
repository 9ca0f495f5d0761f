"""A study's measures drawn over a number that its conditions name."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from studies.reproduction.conditions import value_of, without
from studies.reproduction.intervals import mean
from studies.reproduction.numbers import is_share
from studies.reproduction.traces import clipped, layout_of, traces_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from studies.reproduction.results import Study
    from studies.reproduction.traces import Figure, Point

_CORRELATIONS = ("rho_c", "rho_product", "spearman", "agreement")


def curves(
    study: Study,
    variable: str,
    title: str,
    metrics: Collection[str] = (),
    *,
    even: bool = False,
    apart: bool = False,
) -> dict[str, Figure | None]:
    """Draw each metric over a number, a curve for each method and rest of the condition.

    Parameters
    ----------
    study : Study
    variable : str
        Name of the number in conditions such as "flip;fit=50".
    title : str
        Of the x axis.
    metrics : collection of str
        Which; all by default.
    even : bool
        Whether the numbers stand side by side, as infinity and small ones must.
    apart : bool
        Whether each rest of the condition has a view of its own.

    Returns
    -------
    dict of str to Figure
        By metric and data set, in the order of the file.
    """
    views: dict[str, Figure | None] = {}
    for metric in metrics or study.metrics:
        factor, unit = (100.0, " (%)") if is_share(metric) else (1.0, "")
        signed = metric in _CORRELATIONS or metric.endswith("_above_fedavg")
        low = -1.0 if signed else 0.0
        limits = (100 * low, 100.0) if is_share(metric) else (low, 1.0)
        lines: dict[str, dict[str, list[Point]]] = {}
        for dataset, condition, cells in study.settings_of(metric):
            x = value_of(condition, variable)
            if x is None:
                continue
            rest = without(condition, variable).split(";")
            view = ", ".join(filter(None, [dataset, *(rest if apart else ())]))
            for method, cell in cells.items():
                name = method if apart else ", ".join(filter(None, [method, *rest]))
                lines.setdefault(view, {}).setdefault(name, []).append(
                    (x, None, mean(cell.values).times(factor))
                )
        for view, by_name in lines.items():
            layout = layout_of(title, f"{metric.capitalize()}{unit}")
            for marks in by_name.values():
                marks.sort(key=lambda mark: mark[0])
            if even:
                layout["xaxis"]["type"] = "category"
            drawn: dict[str, list[Point]] = {
                name: [(_named(x) if even else x, paper, ours) for x, paper, ours in marks]
                for name, marks in by_name.items()
            }
            views[f"{metric}, {view}"] = clipped(
                (traces_of(drawn, line=True), layout), *limits
            )
    return views


def _named(x: float | str) -> str:
    return "even" if x == math.inf else f"{x:g}" if isinstance(x, float) else x
