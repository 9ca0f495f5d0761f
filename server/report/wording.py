"""What the numbers say, in words: the run's result and the gate's decision in a round."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from anml_fl.reasons.amounts import apart, percent
from anml_fl.reasons.words import listed
from anml_fl.run.branch_name import branch_name
from anml_fl.run.class_words import named_class
from anml_fl.run.participants import UNKNOWN
from anml_fl.settings.run import ORACLE
from anml_fl.system.untrusted_text import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from anml_fl.method.records import RoundRecord
    from anml_fl.run.criterion import Criterion
    from anml_fl.run.reading import Run

HONEST = "honest"
"""The behaviour of whoever does as agreed."""
ONCE = "in this one run"
"""What every headline says: it tells of one run, with one seed."""
# Test rows by which models differ: of so few it is said how many.
_FEW_ROWS = 10


def sentence(text: str) -> str:
    """Begin a text with a capital letter, and leave the rest as it is.

    Examples
    --------
    >>> sentence("test MAE")
    'Test MAE'
    """
    return text[:1].upper() + text[1:]


def share(value: float | None, digits: int = 1) -> str:
    """Write a share as `percent` does, without the unit: it stands in the column's title."""
    return percent(value, digits).removesuffix("\N{NO-BREAK SPACE}%")


def attacked(run: Run) -> bool:
    """Tell whether anybody is known to attack."""
    return any(map(run.attacks, run.summary.contributors))


def simulated(run: Run) -> bool:
    """Tell whether the run simulates how contributors behave."""
    return simulates(run.summary.contributors.values())


def simulates(behaviours: Iterable[str]) -> bool:
    """Tell whether these are behaviours of a simulation, which no consortium has.

    Where everybody is taken to be honest, or nobody knows, "honest" would say nothing.

    Examples
    --------
    >>> simulates(["honest", "honest"]), simulates(["honest", "joint"])
    (False, True)
    """
    return any(kind not in (HONEST, UNKNOWN) for kind in behaviours)


def result(run: Run) -> str:
    """Say in one sentence how the run ended, in the order worse, same, better.

    Returns
    -------
    str
        By the run's metric, or the test error. Two that read the same count as the same, and
        nothing is said of more than this run: another seed may order them otherwise.
        Empty where nothing was tested, and nodes were asked.
    """
    people = run.summary.contributors
    attackers = sum(map(run.attacks, people))
    who = f"{attackers or 'none'} of {len(people)} contributors attacking"
    if not simulated(run):
        who = f"{len(people)} contributor{'s' if len(people) != 1 else ''}"
    criterion = run.criterion
    lead, name = criterion.score(run.lead.summary), visible(run.lead.name, 40)
    scores = {s.name: criterion.score(s.summary) for s in run.strategies if s is not run.lead}
    oracle = scores.pop(ORACLE, math.nan)
    untested = [visible(other, 40) for other, score in scores.items() if math.isnan(score)]
    tested = {visible(o, 40): x for o, x in scores.items() if not math.isnan(x)}
    if math.isnan(lead) and not tested and run.lead.claims:
        return ""  # what is claimed says it
    score = run.lead.summary.test_score
    if math.isnan(lead) and score is not None:
        return f"With {who}, {name} ended at {score:.4g} by the app's own test {ONCE}."
    if math.isnan(lead):
        said = f"With {who}, {name} ended {ONCE} without a tested model"
        parts = [f"{other} at {_score(criterion, score)}" for other, score in tested.items()]
        parts = [f"the others: {listed(parts)}"] if parts else []
    else:
        said = (
            f"With {who}, {name} ended at {_score(criterion, lead)} {criterion.title} {ONCE}"
        )
        parts = []
        for word, sign in (("worse than", -1), ("the same as", 0), ("better than", 1)):
            those = [
                f"{other} ({_score(criterion, score)}{_few_rows(run, score - lead)})"
                for other, score in tested.items()
                if _compare(criterion, score, lead) == sign
            ]
            if those:
                parts.append(f"{word} {listed(those)}")
    if not math.isnan(oracle):
        only = "if only the honest had taken part " if simulated(run) else ""
        parts.append(f"{_score(criterion, oracle)} {only}({ORACLE})")
    if untested:
        parts.append(f"not tested: {listed(untested)}")
    return said + (": " if parts else "") + "; ".join(parts) + "."


def _few_rows(run: Run, gap: float) -> str:
    """Say of how few test rows a difference of errors is: such a one may be chance."""
    rows = sum(run.summary.classes)
    of_rows = round(abs(gap) * rows)
    if run.criterion.metric or not 0 < of_rows <= _FEW_ROWS:
        return ""
    return f", {of_rows} of {rows:,} test rows apart"


def imbalance(run: Run, classes: Sequence[str] = ()) -> str:
    """Say how good a model would be that always answers the largest class, where that is good.

    Parameters
    ----------
    run : Run
    classes : sequence of str
        What classes are called, in their order.

    Returns
    -------
    str
        Empty unless that class has over two thirds of the rows that the server tests on.
    """
    counts, rows = run.summary.classes, sum(run.summary.classes)
    if 3 * max(counts, default=0) <= 2 * rows:
        return ""
    most = counts.index(max(counts))
    held = [number for number, count in enumerate(counts) if count]
    largest = named_class(most, classes)
    if len(held) == 1:
        return f"All {rows:,} test rows are of {largest}: always answering it has no error."
    least = min(held, key=lambda number: counts[number])
    smallest = named_class(least, classes)
    return (
        f"Of the {rows:,} test rows {percent(counts[least] / rows)} are of {smallest}; always"
        f" answering {largest} would have {percent(1 - counts[most] / rows)} error."
    )


def decision(record: RoundRecord, tau_h: float, tau_c: float) -> str:
    """Retrace the gate's two stages (Algorithm 1) for one round.

    Parameters
    ----------
    record : RoundRecord
    tau_h, tau_c : float
        Thresholds of the two stages.

    Returns
    -------
    str
        Why this branch was taken; or, where the gate with these thresholds would have
        taken another, just that.

    Examples
    --------
    >>> from anml_fl.method.records import RoundRecord
    >>> decision(RoundRecord(1, "anml", "uniform", 0.4, 0.5, ()), tau_h=0.35, tau_c=0.3)
    'min s = 0.50 > 0.35, so stage 1 fires: nothing to defend against, uniform weights, \
no selection.'
    """
    note = f" Note: {visible(record.note)}." if record.note else ""
    if record.branch is None:
        if any(person.selected for person in record.contributors):
            return "No gate decides in this strategy." + note
        return f"{sentence(visible(record.note or 'no valid reply'))}."
    if record.branch == "multiplicative":
        return "No gate: weights are the product q · v · r · T, scaled to sum to 1." + note
    expected, why = _retrace(record, tau_h, tau_c)
    if expected == record.branch:
        return f"{why}.{note}"
    taken, other = visible(branch_name(record.branch)), branch_name(expected)
    return (
        f"The branch was “{taken}”, with min s = {_number(record.min_s)} "
        f"and rho_c = {_number(record.rho_c)}; the gate with tau_h = {tau_h:g} and "
        f"tau_c = {tau_c:g} would have taken “{other}”, so this strategy does not use "
        f"it, or uses other thresholds.{note}"
    )


def _retrace(record: RoundRecord, tau_h: float, tau_c: float) -> tuple[str, str]:
    least, bound = apart(record.min_s, tau_h)
    if record.min_s > tau_h:
        return "uniform", (
            f"min s = {least} > {bound}, so stage 1 fires: nothing to defend against, "
            "uniform weights, no selection"
        )
    first = f"min s = {least} ≤ {bound}, so stage 1 does not fire"
    if math.isnan(record.rho_c):
        return "krum", (
            f"{first}; rho_c is undefined (q or s is the same for everyone): external "
            "signals not trusted, w = q"
        )
    rho, bound = apart(record.rho_c, tau_c)
    if record.rho_c > tau_c:
        return "blend", (
            f"{first}; rho_c = {rho} > {bound}: external signals trusted, softmax blend "
            "of q and s"
        )
    return "krum", f"{first}; rho_c = {rho} ≤ {bound}: external signals not trusted, w = q"


def _number(value: float) -> str:
    return f"{value:.2f}" if math.isfinite(value) else "undefined"


def _score(criterion: Criterion, score: float) -> str:
    # A space that does not break stands before the unit.
    unit = criterion.unit.replace(" ", "\N{NO-BREAK SPACE}")
    return (criterion.digits(score) or "—") + unit


def _compare(criterion: Criterion, other: float, lead: float) -> int:
    if criterion.digits(other) == criterion.digits(lead):
        return 0
    return 1 if criterion.improves(lead, other) else -1
