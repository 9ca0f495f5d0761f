"""Claims that the paper's own figures speak to, held against ours."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from studies.reproduction.finding import NOT_MEASURED, Finding, Studies, share
from studies.reproduction.intervals import Estimate, mean
from studies.reproduction.methods import pick
from studies.reproduction.numbers import interval
from studies.reproduction.targets import Target, load_targets

if TYPE_CHECKING:
    from studies.reproduction.results import Cell

_KEPT, _CLEAN = 0.9, 0.7


def most_kept(studies: Studies) -> Finding:
    """Hold Appendix A.1's error at 90 % kept against ours.

    Parameters
    ----------
    studies : mapping of str to Study
        Reads "appendix-a1".

    Returns
    -------
    Finding
        Holds if the paper's value lies in our interval. With 30 % bad, at least
        (0.9 - 0.7) / 0.9 of what is kept is bad.
    """
    bad = 100 * (_KEPT - _CLEAN) / _KEPT
    paper = _paper("A1", "select=0.90", "anml").value
    cell = _error(studies, "appendix-a1", "select=0.90", "anml")
    least = f"at least {bad:.0f} % of what is kept is bad"
    if cell is None:
        return Finding(f"{least}; our error was not measured", None)
    ours = mean(cell.values).times(100)
    return Finding(
        f"{least}; our error is {interval(ours, 1)} %, the paper's {paper:g} %",
        ours.holds(paper),
    )


def one_setting(studies: Studies) -> Finding:
    """Compare what Tables 7, 12 and 13 say of the same setting.

    Parameters
    ----------
    studies : mapping of str to Study
        Reads "table-7", "table-12" and "table-13".

    Returns
    -------
    Finding
        Holds if Tables 12 and 13 give Krum an error inside Table 7's interval.
    """
    places = {
        "7": ("moderate;beta=0.30", "q*v*r"),
        "12": ("fraction=1.00", "anml"),
        "13": ("beta=0.3", "anml"),
    }
    krum = {table: _paper(table, where, "krum") for table, (where, _) in places.items()}
    anml = [_paper(table, where, method).value for table, (where, method) in places.items()]
    text = (
        f"Tables 7, 12 and 13 give Krum {_listed([t.value for t in krum.values()])} % and "
        f"ANML {_listed(anml)} %"
    )
    ours = []
    for table, (where, method) in places.items():
        for name in ("krum", method):
            cell = _error(studies, f"table-{table}", where, name)
            if cell is not None:
                ours.append(f"{name} {share(cell)} (Table {table})")
    text += f"; ours: {', '.join(ours)}" if ours else "; ours was not measured"
    main = krum["7"]
    around = Estimate(main.value, main.low or 0.0, main.high or 0.0, main.trials)
    return Finding(text, all(around.holds(target.value) for target in krum.values()))


def growth(studies: Studies) -> Finding:
    """Work out by how many per cent Uniform's error grows from 0 to 50 % bad data.

    Parameters
    ----------
    studies : mapping of str to Study
        Reads "table-13".

    Returns
    -------
    Finding
        Holds if the paper's table gives the 2568 % of its text.
    """
    first, last = (_paper("13", f"beta={beta}", "uniform").value for beta in ("0.0", "0.5"))
    grown = 100 * (last / first - 1)
    text = f"{last:g} / {first:g} is an increase of {grown:.0f} %"
    ours = [_error(studies, "table-13", f"beta={beta}", "uniform") for beta in ("0.0", "0.5")]
    if ours[0] is not None and ours[1] is not None and ours[0].values.mean() > 0:
        ratio = float(ours[1].values.mean() / ours[0].values.mean())
        text += f"; ours {100 * (ratio - 1):.0f} %"
    return Finding(text, round(grown) == 2568)


def detectability(studies: Studies) -> Finding:
    """Say what Table 16 says of itself; its figures are not of these studies.

    Parameters
    ----------
    studies : mapping of str to Study

    Returns
    -------
    Finding
        Always without a verdict.
    """
    del studies
    trials = sorted({target.trials for target in load_targets() if target.table == "16"})
    return Finding(
        f"its caption says 5 trials, its text {_listed(trials)}; cat and dog, deer and horse "
        "are CIFAR's classes, the data are Digits. Not one of these studies",
        None,
    )


def break_even(studies: Studies) -> Finding:
    """Find the correlation at which signals begin to help the multiplicative rule.

    Parameters
    ----------
    studies : mapping of str to Study
        Reads "table-11".

    Returns
    -------
    Finding
        Holds if the rule is no better than Krum at every correlation below 0.5.
    """
    study = studies.get("table-11")
    found = []
    for dataset, condition, cells in [] if study is None else study.settings_of("error"):
        name, _, value = condition.partition("=")
        if dataset == "wine" and name == "rho" and ";" not in value:
            rule, krum = pick(cells, "multiplicative"), cells.get("krum")
            if rule is not None and krum is not None and krum.values.mean() > 0:
                ratio = float(rule.values.mean() / krum.values.mean())
                found.append((float(value), 100 * (1 - ratio)))
    if not found:
        return NOT_MEASURED
    found.sort()
    text = ", ".join(f"{gain:+.0f} % at {rho:g}" for rho, gain in found)
    crossing = _crossing(found)
    text += f"; zero is crossed at {crossing:.2f}" if crossing is not None else ""
    return Finding(
        f"improvement over Krum: {text}", all(gain <= 0 for rho, gain in found if rho < 0.5)
    )


def _crossing(found: list[tuple[float, float]]) -> float | None:
    for (left, below), (right, above) in pairwise(found):
        if below < 0 <= above:
            return left + (right - left) * -below / (above - below)
    return None


def _paper(table: str, condition: str, method: str) -> Target:
    return next(
        target
        for target in load_targets()
        if (target.table, target.condition, target.method) == (table, condition, method)
        and target.metric == "error_pct"
    )


def _error(studies: Studies, study: str, condition: str, method: str) -> Cell | None:
    found = studies.get(study)
    return None if found is None else found.find("wine", condition, method, "error")


def _listed(values: list[float] | list[int]) -> str:
    return " / ".join(f"{value:g}" for value in values)
