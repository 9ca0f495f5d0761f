"""Whether those who gathered the data get the weight that they are worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studies.reproduction.document import Grid
from studies.reproduction.intervals import mean
from studies.reproduction.numbers import interval

if TYPE_CHECKING:
    from studies.reproduction.results import Study

_WEIGHT, _WORTH = "weight_", "worth_"


def contribution_values(study: Study) -> Grid | None:
    """Set each contributor's weights beside its leave-one-out value.

    Parameters
    ----------
    study : Study
        With metrics `worth_NAME`, and `weight_NAME` by method.

    Returns
    -------
    Grid or None
        One row a contributor, whoever is worth most first; columns are the methods, in every
        condition in which worth was measured. None without such metrics.
    """
    worths = {
        metric.removeprefix(_WORTH): next(
            mean(cell.values).times(100)
            for _, _, cells in study.settings_of(metric)
            for cell in cells.values()
        )
        for metric in study.metrics
        # Of a contributor both are known; of credentials it is what they are worth.
        if metric.startswith(_WORTH) and metric.replace(_WORTH, _WEIGHT, 1) in study.metrics
    }
    if not worths:
        return None
    known = {
        (dataset, condition)
        for metric in study.metrics
        if metric.removeprefix(_WORTH) in worths
        for dataset, condition, _ in study.settings_of(metric)
    }
    weights = {
        (condition, method, name): interval(mean(cell.values).times(100), 0)
        for name in worths
        for dataset, condition, cells in study.settings_of(f"{_WEIGHT}{name}")
        if (dataset, condition) in known
        for method, cell in cells.items()
    }
    columns = list(dict.fromkeys((condition, method) for condition, method, _ in weights))
    ranked = sorted(worths, key=lambda name: -worths[name].value)
    rows = tuple(
        (
            name,
            interval(worths[name], 1),
            *(weights.get((condition, method, name), "—") for condition, method in columns),
        )
        for name in ranked
    )
    heads = (
        "Contributor",
        "Worth: points of error without it*",
        *(f"Weight (%), {method}, {condition}*" for condition, method in columns),
    )
    return Grid(heads, rows)
