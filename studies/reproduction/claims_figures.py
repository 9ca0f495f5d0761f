"""Claims that the paper's own figures speak to, held against ours."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from studies.reproduction.claim import (
    FEW,
    NOT_MEASURED,
    Outcome,
    Studies,
    claim,
    examples,
    fewest,
    share,
)
from studies.reproduction.comparison import improvement_over_krum
from studies.reproduction.conditions import value_of
from studies.reproduction.intervals import Estimate, mean
from studies.reproduction.numbers import interval
from studies.reproduction.targets import Target, load_targets

if TYPE_CHECKING:
    from studies.reproduction.results import Cell

_KEPT, _CLEAN = 0.9, 0.7
_NEEDED = 0.5  # correlation that the paper asks for

_CAPTION_16 = 5  # trials, by its caption


@claim(
    "Keeping 90 % gives ANML 8.2 % error",
    "A.1",
    holds_if="the paper's 8.2 % lies in our 95 % interval, over 5 trials or more",
)
def most_kept(studies: Studies) -> Outcome:
    """Hold Appendix A.1's error at 90 % kept against ours."""
    bad = 100 * (_KEPT - _CLEAN) / _KEPT
    paper = _paper("A1", "select=0.90", "anml").value
    cell = _error(studies, "appendix-a1", "select=0.90", "anml")
    least = f"at least {bad:.0f} % of what is kept is bad"
    if cell is None:
        return Outcome(f"{least}; our error was not measured", None)
    ours = mean(cell.values).times(100)
    return Outcome(
        f"{least}; our error is {interval(ours, 1)} %, the paper's {paper:g} %",
        ours.holds(paper) if fewest(cell) >= FEW else None,
    )


@claim(
    "One setting (Wine, 30 % bad, moderate) has one error",
    "5.2.1, 5.7, 5.8",
    holds_if="the paper's Tables 12 and 13 give Krum an error inside its Table 7's interval",
    in_paper=True,
)
def one_setting(studies: Studies) -> Outcome:
    """Compare what Tables 7, 12 and 13 say of the same setting."""
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
    return Outcome(text, all(around.holds(target.value) for target in krum.values()))


@claim(
    "Uniform's error grows by 2568 %",
    "5.8",
    holds_if="the errors in the paper's Table 13 grow by the 2568 % of its text",
    in_paper=True,
)
def growth(studies: Studies) -> Outcome:
    """Work out by how many per cent Uniform's error grows from 0 to 50 % bad data."""
    first, last = (_paper("13", f"beta={beta}", "uniform").value for beta in ("0.0", "0.5"))
    grown = 100 * (last / first - 1)
    text = f"{last:g} / {first:g} is an increase of {grown:.0f} %"
    ours = [_error(studies, "table-13", f"beta={beta}", "uniform") for beta in ("0.0", "0.5")]
    if ours[0] is not None and ours[1] is not None and ours[0].values.mean() > 0:
        ratio = float(ours[1].values.mean() / ours[0].values.mean())
        text += f"; ours {100 * (ratio - 1):.0f} %"
    return Outcome(text, round(grown) == 2568)


@claim(
    "Table 16's settings",
    "5.11",
    holds_if="caption and text agree on Table 16's trials, and its classes are those of "
    "its data",
    in_paper=True,
)
def detectability(studies: Studies) -> Outcome:
    """Hold what Table 16 says of itself against the text."""
    del studies
    trials = sorted({target.trials for target in load_targets() if target.table == "16"})
    return Outcome(
        f"its caption says 5 trials, its text {_listed(trials)}; cat and dog, deer and horse, "
        "airplane and bird are CIFAR's classes, the data are Digits; its caption and Figure "
        "5's give r = 0.93, for what falls as the other rises",
        trials == [_CAPTION_16],
    )


@claim(
    "Signals need a correlation above 50 % to help",
    "5.5",
    holds_if="at no correlation below 0.5 the 95 % interval of the product's improvement "
    "over Krum lies above 0",
)
def break_even(studies: Studies) -> Outcome:
    """Find the correlation at which signals begin to help the multiplicative rule."""
    study = studies.get("table-11")
    found = []
    for condition in () if study is None else study.conditions:
        rho = value_of(condition, "rho")
        if study is not None and rho is not None and ";" not in condition:
            gain = improvement_over_krum(study, "wine", condition, "multiplicative")
            if gain is not None and math.isfinite(gain.value):
                found.append((rho, gain))
    if not found:
        return NOT_MEASURED
    found.sort(key=lambda one: one[0])
    below = [(rho, gain) for rho, gain in found if rho < _NEEDED]
    helps = [rho for rho, gain in found if gain.low > 0]
    text = (
        f"the improvement is first above 0 beyond the interval at {helps[0]:g}"
        if helps
        else "the improvement is nowhere above 0 beyond the interval"
    )
    early = sum(rho < _NEEDED for rho in helps)
    text += f"; below 0.5 at {early} of {len(below)} correlations"
    if below:
        text += ": " + examples(
            (gain.value, f"{interval(gain, 0)} % at {rho:g}") for rho, gain in below
        )
    judged = [gain for _, gain in below if gain.trials >= FEW]
    return Outcome(text, all(not gain.low > 0 for gain in judged) if judged else None)


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
