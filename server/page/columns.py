"""One round in columns: a list for each kind of number, a place in it for each contributor."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from anml_fl.method.records import ContributorRecord, RoundRecord
from anml_fl.reasons.reply_words import what_came
from anml_fl.reasons.round_numbers import NONE
from anml_fl.reasons.vouching import vouched
from server.page.json_numbers import number, numbers
from server.page.missing import missing
from server.page.own_errors import own_errors
from server.report.influence import influence, middle_length
from server.report.standing_apart import evidence_words
from server.report.wording import decision

if TYPE_CHECKING:
    from server.page.following import Following

_NUMBERS = ("q", "v", "r", "T", "s", "weight")
# The report's words are of records; what they do not look at is left as it is here.
_SOMEBODY = ContributorRecord("", 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, selected=True)


def round_columns(run: Following, strategy: str, number_: int) -> dict[str, Any]:
    """Tell what a round decided of everybody.

    Parameters
    ----------
    run : Following
    strategy : str
        One of its strategies.
    number_ : int
        The round.

    Returns
    -------
    dict
        As docs/page.md has it; None for what there is not.

    Raises
    ------
    OSError
        If there is no such round, or it is not there any more.
    ValueError, KeyError, TypeError
        If its line is none.
    """
    fields: dict[str, Any] = json.loads(run.rounds[strategy].line(number_))
    people: list[dict[str, Any]] = fields["contributors"]
    judged = fields.get("judgement") is not None
    found: dict[str, Any] = {
        "round": number_,
        "branch": fields["branch"],
        "rho_c": number(fields["rho_c"]),
        "min_s": number(fields["min_s"]),
        "note": fields["note"],
        "decision": _decision(run, fields),
        "missing": missing(run, fields),
        "refused": fields["refused"],
        "at": number(fields["at"]),
        "contributors": [one["contributor"] for one in people],
        "selected": [one["selected"] for one in people],
        "reason": [one["reason"] for one in people],
        "reply": [reply(one) for one in people],
        "refused_credentials": [one["refused_credentials"] for one in people],
        "paid": None,
        "held": None,
        "evidence": None,
        "posterior": None,
        "bound": None,
        "middle_length": None,
        "influence": None,
        "apart": None,
    }
    for name in _NUMBERS:
        found[name] = numbers([one[name] for one in people])
    if judged:
        found |= _judgement(people)
    found |= own_errors(run, strategy, found["contributors"])
    if strategy == run.ledger.strategy:
        paid = run.ledger.paid_until(number_)
        found["held"] = run.ledger.held.get(number_)
        found["paid"] = paid and [paid.get(name, 0) for name in found["contributors"]]
    return found


def reply(person: dict[str, Any]) -> str:
    """Say what came of a contributor: "valid", or how it is that nothing valid came.

    Examples
    --------
    >>> reply({"reason": "no node is connected"}), reply({"reason": None})
    ('absent', 'valid')
    """
    if person["reason"] is None:
        return "valid"
    return what_came(person["reason"])


def _judgement(people: list[dict[str, Any]]) -> dict[str, Any]:
    of = [one.get("judgement") or {} for one in people]
    kinds = dict.fromkeys(kind for one in of for kind in one.get("evidence", ()))
    bounds = {
        one["contributor"]: _length(judged["bound"])
        for one, judged in zip(people, of, strict=True)
        if judged
    }
    sums = {
        one["contributor"]: float(judged["l"])
        for one, judged in zip(people, of, strict=True)
        if judged
    }
    norms = [_length(judged["norm"]) for judged in of if judged]
    return {
        "evidence": {
            kind: numbers([one.get("evidence", {}).get(kind) for one in of]) for kind in kinds
        },
        "posterior": numbers([one.get("posterior") for one in of]),
        "bound": numbers([one.get("bound") for one in of]),
        "middle_length": number(middle_length(norms)),
        "influence": influence(bounds, norms) if bounds else None,
        "apart": evidence_words(sums, "in this round"),
    }


def _length(value: float | None) -> float:
    """Read a length as records have it: None is what nothing bounds."""
    return math.inf if value is None else float(value)


def _decision(run: Following, fields: dict[str, Any]) -> str:
    """Say it in the report's words, which ask of contributors but whether any was selected."""
    if judged := fields.get("judgement"):
        weighed = [one["selected"] for one in fields["contributors"] if one.get("judgement")]
        root = str(judged["root"])
        tree = run.settings.tree if run.settings else {}
        by = "nothing vouches for it" if root == NONE else f"by {vouched(root, tree)}"
        return (
            f"Evidence on each was weighed ({by}):"
            f" {sum(weighed)} of {len(weighed)} updates were kept."
        )
    if run.settings is None:
        return ""
    rho_c, min_s = (
        math.nan if fields[name] is None else float(fields[name])
        for name in ("rho_c", "min_s")
    )
    record = RoundRecord(
        fields["round"],
        fields["strategy"],
        fields["branch"],
        rho_c,
        min_s,
        (_SOMEBODY,) if any(one["selected"] for one in fields["contributors"]) else (),
        note=fields["note"],
    )
    return decision(record, run.settings.tau_h, run.settings.tau_c)
