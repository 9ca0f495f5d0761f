"""Claims about where the method stands: label skew, the paper's tests, and what it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studies.reproduction.finding import NOT_MEASURED, Finding, Studies, excess, share
from studies.reproduction.intervals import mean
from studies.reproduction.numbers import interval, plain
from studies.reproduction.significance import LEVEL, comparisons

if TYPE_CHECKING:
    from collections.abc import Iterator

    from studies.reproduction.results import Cell, Study

_BUDGET = 2.0  # ms
_OVERHEAD = (0.3, 0.5)
_LARGEST = "adult"


def krum_under_skew(studies: Studies) -> Finding:
    """Say what q is worth where honest contributors differ in their labels.

    Parameters
    ----------
    studies : mapping of str to Study
        Reads "label-skew".

    Returns
    -------
    Finding
        Fails if somewhere q ranks attackers above the honest (area below 0.5), or Krum does
        worse than FedAvg beyond the interval.
    """
    study = studies.get("label-skew")
    areas = list(_cells(study, "auc"))
    settings = [] if study is None else list(study.settings_of("error"))
    if not areas and not settings:
        return NOT_MEASURED
    said = [
        f"{dataset}, {condition}: area {plain(float(cell.values.mean()), 2)}"
        for dataset, condition, _, cell in areas
        if len(cell.values)
    ]
    worse = False
    for dataset, condition, cells in settings:
        errors = ", ".join(f"{name} {share(cell)}" for name, cell in cells.items())
        said.append(f"{dataset}, {condition}: error {errors}")
        if {"krum", "fedavg"} <= cells.keys():
            worse = worse or excess(cells["krum"], cells["fedavg"]).low > 0
    turned = any(cell.values.mean() < 0.5 for *_, cell in areas if len(cell.values))
    return Finding("; ".join(said), not (turned or worse))


def normality(studies: Studies) -> Finding:
    """Count the paired differences that Shapiro and Wilk's test takes for not normal.

    Parameters
    ----------
    studies : mapping of str to Study
        Reads all that have Krum beside other methods.

    Returns
    -------
    Finding
        Holds if p > 0.05 for each, as the paper says.
    """
    found = {name: comparisons(study) for name, study in studies.items()}
    tested = [one for each in found.values() for one in each if one.normal is not None]
    if not tested:
        return NOT_MEASURED
    failed = sum(one.normal is False for one in tested)
    text = (
        f"p < {LEVEL:g} for {failed} of {len(tested)} distributions of paired differences "
        f"(chance alone: about {LEVEL * len(tested):.0f})"
    )
    main = [one for one in found.get("table-7", ()) if one.normal is not None]
    if main:
        text += f"; in Table 7, {sum(one.normal is False for one in main)} of {len(main)}"
    constant = sum(one.normal is None for each in found.values() for one in each)
    text += f"; {constant} more are constant or too few to test" if constant else ""
    return Finding(text, failed == 0)


def combination_time(studies: Studies) -> Finding:
    """Say how long the combination of the signals takes.

    Parameters
    ----------
    studies : mapping of str to Study
        Reads "overhead".

    Returns
    -------
    Finding
        Holds if it takes less than 2 ms in every condition.
    """
    found = _cells(studies.get("overhead"), "milliseconds")
    cells = [one for one in found if one[2] == "combination"]
    if not cells:
        return NOT_MEASURED
    text = "; ".join(f"{d}, {c}: {interval(mean(x.values), None)} ms" for d, c, _, x in cells)
    return Finding(text, all(x.values.mean() < _BUDGET for *_, x in cells))


def overhead(studies: Studies) -> Finding:
    """Say how much longer training takes with the method than without.

    Parameters
    ----------
    studies : mapping of str to Study
        Reads "overhead".

    Returns
    -------
    Finding
        Holds if it is 30 to 50 % in every condition of the largest data set.
    """
    cells = list(_cells(studies.get("overhead"), "overhead"))
    if not cells:
        return NOT_MEASURED
    text = "; ".join(f"{d}, {c}, {m}: {share(x)}" for d, c, m, x in cells)
    low, high = _OVERHEAD
    judged = [one for one in cells if one[0] == _LARGEST] or cells
    return Finding(text, all(low <= x.values.mean() <= high for *_, x in judged))


def _cells(study: Study | None, metric: str) -> Iterator[tuple[str, str, str, Cell]]:
    if study is not None:
        for key, cell in study.cells.items():
            if key.metric == metric:
                yield key.dataset, key.condition, key.method, cell
