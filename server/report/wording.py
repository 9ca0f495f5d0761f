"""What the numbers say, in words: the run's result and the gate's decision in a round."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from anml_fl.run.reading import ORACLE
from anml_fl.system.untrusted_text import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anml_fl.method.records import RoundRecord
    from anml_fl.run.reading import Run


def percent(share: float | None) -> str:
    r"""Write a share in [0, 1] as a percentage; a dash where there is none.

    Parameters
    ----------
    share : float, optional
        In [0, 1]; None or nan where there is none.

    Returns
    -------
    str
        With one decimal, and a space that does not break.

    Examples
    --------
    >>> percent(0.0617), percent(None)
    ('6.2\xa0%', '—')
    """
    if share is None or not math.isfinite(share):
        return "—"
    return f"{100 * share:.1f}\N{NO-BREAK SPACE}%"


def share(value: float | None) -> str:
    """Write a share as `percent` does, without the unit: it stands in the column's title."""
    return percent(value).removesuffix("\N{NO-BREAK SPACE}%")


def result(run: Run) -> str:
    """Say in one sentence how the run ended, in the order worse, same, better.

    Returns
    -------
    str
        Two errors that read the same with one decimal count as the same.
    """
    people = run.summary.contributors
    attackers = sum(map(run.attacks, people))
    who = f"{attackers or 'none'} of {len(people)} contributors attacking"
    lead, name = run.lead.summary.test_error, visible(run.lead.name, 40)
    errors = {s.name: s.summary.test_error for s in run.strategies if s is not run.lead}
    oracle = errors.pop(ORACLE, None)
    untested = [visible(other, 40) for other, error in errors.items() if error is None]
    tested = {visible(o, 40): e for o, e in errors.items() if e is not None}
    if lead is None:
        said = f"With {who}, {name} ended without a tested model"
        parts = [f"{other} at {percent(error)}" for other, error in tested.items()]
        parts = [f"the others: {_listed(parts)}"] if parts else []
    else:
        said = f"With {who}, {name} ended at {percent(lead)} test error"
        parts = []
        for word, sign in (("worse than", -1), ("the same as", 0), ("better than", 1)):
            those = [
                f"{other} ({percent(error)})"
                for other, error in tested.items()
                if _compare(error, lead) == sign
            ]
            if those:
                parts.append(f"{word} {_listed(those)}")
    if oracle is not None:
        parts.append(f"{percent(oracle)} if only the honest had taken part ({ORACLE})")
    if untested:
        parts.append(f"not tested: {_listed(untested)}")
    return said + (": " if parts else "") + "; ".join(parts) + "."


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
        return "No branch was taken: " + (
            "this strategy has none." + note
            if any(math.isfinite(person.q) for person in record.contributors)
            else "there was no valid reply." + note
        )
    if record.branch == "multiplicative":
        return "No gate: weights are the product q · v · r · T, scaled to sum to 1." + note
    expected, why = _retrace(record, tau_h, tau_c)
    if expected == record.branch:
        return f"{why}.{note}"
    return (
        f"The branch was “{visible(record.branch)}”, with min s = {_number(record.min_s)} "
        f"and rho_c = {_number(record.rho_c)}; the gate with tau_h = {tau_h:g} and "
        f"tau_c = {tau_c:g} would have taken “{expected}”, so this strategy does not use "
        f"it, or uses other thresholds.{note}"
    )


def _retrace(record: RoundRecord, tau_h: float, tau_c: float) -> tuple[str, str]:
    least, bound = _apart(record.min_s, tau_h)
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
    rho, bound = _apart(record.rho_c, tau_c)
    if record.rho_c > tau_c:
        return "blend", (
            f"{first}; rho_c = {rho} > {bound}: external signals trusted, softmax blend "
            "of q and s"
        )
    return "krum", f"{first}; rho_c = {rho} ≤ {bound}: external signals not trusted, w = q"


def _apart(value: float, bound: float) -> tuple[str, str]:
    # "0.35 > 0.35" would look like a mistake: digits are added until the two differ.
    digits = 2
    while digits < 6 and value != bound and f"{value:.{digits}f}" == f"{bound:.{digits}f}":
        digits += 1
    return f"{value:.{digits}f}", f"{bound:.{digits}f}"


def _number(value: float) -> str:
    return f"{value:.2f}" if math.isfinite(value) else "undefined"


def _compare(other: float, lead: float) -> int:
    ours, theirs = round(100 * lead, 1), round(100 * other, 1)
    return (theirs > ours) - (theirs < ours)


def _listed(items: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(items[:-1]), items[-1]]))
