"""A reason in words: every number in them is the reason's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.method.calibrated.earlier_doubt import EARLIER_DOUBT
from anml_fl.reasons.amounts import all_apart, decimals, fixed, percent
from anml_fl.reasons.decided import part_words
from anml_fl.reasons.factor_words import NAME, clause
from anml_fl.reasons.gate_words import since
from anml_fl.reasons.reply_words import plain, what_came
from anml_fl.reasons.taken import (
    COPIES,
    CREDENTIALS,
    EXAMPLES,
    FRESHNESS,
    MEASURE,
    ORDER,
    RULE,
    WORTH,
    Q,
)
from anml_fl.system.untrusted_text import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anml_fl.reasons.reason import Reason
    from anml_fl.reasons.round_reasons import RoundReasons

# Letters of what was recorded.
_TOLD = 300
_ALIKE = {
    Q: "had q been the same for all",
    CREDENTIALS: "had all had the same credentials",
    FRESHNESS: "had all been as fresh",
    # Evidence, and what other rules measure, may be taken with examples.
    EXAMPLES: "had all counted for as many examples, all else the same",
    COPIES: "had copies not shared one weight",
    WORTH: "had v and r been worth nothing",
    MEASURE: "had the rule told nobody apart",
}
# What of it would change the branch, which is held.
_GATES = (Q, CREDENTIALS)


def sentences(reasons: RoundReasons, contributor: str) -> str:
    r"""Say why a contributor got its weight, and what it would have been otherwise.

    Parameters
    ----------
    reasons : RoundReasons
        Of a round that asked it.
    contributor : str

    Returns
    -------
    str
        Some sentences, without markup.

    Raises
    ------
    KeyError
        If the round did not ask it.

    Examples
    --------
    >>> from anml_fl.method.records import ContributorRecord, RoundRecord
    >>> from anml_fl.reasons.round_reasons import RoundReasons
    >>> from anml_fl.reasons.schemes import Dials
    >>> people = tuple(
    ...     ContributorRecord(who, q, 0.8, 0.4, 1.0, 0.32, weight, True, examples=100.0)
    ...     for who, q, weight in (("a", 1.0, 0.625), ("b", 0.6, 0.375), ("c", 0.0, 0.0))
    ... )
    >>> record = RoundRecord(1, "anml", "krum", float("nan"), 0.32, people)
    >>> said = sentences(RoundReasons(record, Dials(fraction=1.0)), "c")
    >>> print(said.replace("\xa0", " ").replace(". ", ".\n"))
    c: 0.0 %; equal shares would be 33.3 %.
    Its update lay farthest from the others' (q = 0.00, on average 0.53; the nearest that was
    kept has 0.60).
    Outside signals (v · r) did not count: they are the same for all.
    Had q been the same for all: 33.3 %.
    It would be 33.3 % under fedavg, 25.7 % under softmax_blend.
    """
    reason = reasons.of(contributor)
    told = [because(reason)]
    if reason.status in ("counted", "left out"):
        told += [points(reason), since(reasons), _cut(reason), _missing(reason)]
        told += [_alike(reason), otherwise(reason), _noted(reason)]
    said = [f"{capital(part)}." for part in told if part]
    return " ".join((f"{_heading(reason)}.", *said))


def because(reason: Reason) -> str:
    """Say in part of a sentence what decided, for a table's cell.

    Examples
    --------
    >>> from anml_fl.reasons.reason import Reason
    >>> late = Reason(contributor="a", strategy="anml", round=1, status="refused", told="late")
    >>> because(late)
    'no valid reply: late'
    """
    if reason.status == "refused":
        why = f": {visible(plain(reason.told), _TOLD)}" if reason.told else ""
        return f"{what_came(reason.told)}{why}"
    if reason.status == "no new model":
        why = f": {visible(reason.told, _TOLD)}" if reason.told else ""
        return f"nobody's update was used{why}"
    if reason.replies == 1 and reason.status == "counted":
        return "it alone sent a valid reply"
    return clause(reason)


def listed(items: Sequence[str]) -> str:
    """Name some things in a sentence.

    Examples
    --------
    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return " and ".join(filter(None, [", ".join(items[:-1]), items[-1]]))


def _heading(reason: Reason) -> str:
    name = visible(reason.contributor, NAME)
    if reason.weight is None:
        return f"{name}: no share of its own"
    if reason.status not in ("counted", "left out"):
        return f"{name}: {percent(0.0)}"
    weight, equal = _shares(reason, reason.weight, reason.equal)
    return f"{name}: {weight}; equal shares would be {equal}"


def _shares(reason: Reason, *shares: float | None) -> list[str]:
    """Write shares so that those of its round can be told apart."""
    return [percent(share, decimals(reason.equal)) for share in shares]


def points(reason: Reason) -> str:
    """Divide what lies between its share and an equal one, where several things made it.

    Returns
    -------
    str
        A part of a sentence; empty where one thing did, or nothing is known.
    """
    digits = decimals(reason.equal)
    told = {
        name: f"{'−' if part < 0 else '+'}{100 * abs(part):.{digits}f}"
        for name, part in sorted(reason.parts.items(), key=lambda item: -abs(item[1]))
        if round(100 * abs(part), digits) > 0
    }
    if len(told) < 2:
        return ""
    all_of_them = listed(
        [f"{visible(part_words(name), NAME)} {said}" for name, said in told.items()]
    )
    return f"in percentage points from an equal share: {all_of_them}"


def _cut(reason: Reason) -> str:
    if reason.status != "left out" or reason.uncut is None:
        return ""
    (uncut,) = _shares(reason, reason.uncut)
    return f"only the heaviest are selected: with all of them {uncut}"


def _missing(reason: Reason) -> str:
    if reason.status == "left out" and reason.parts.get(EARLIER_DOUBT, 0.0) < 0:
        return (
            "earlier rounds spoke so strongly against it that no update would have counted yet"
        )
    if reason.missing is None:
        return ""
    nats = all_apart(fixed, (reason.missing, 0.0), 1)[0]
    return f"{nats} nats more for it would have kept it"


def _alike(reason: Reason) -> str:
    factor = reason.decided_by
    if factor is None or factor not in reason.without or factor in (ORDER, RULE):
        return ""
    had = _ALIKE.get(factor, f"without “{visible(factor, NAME)}”")
    if reason.strategy == "anml" and reason.branch == "blend" and factor in _GATES:
        had += ", and outside signals counted all the same"
    share, now = _shares(reason, reason.without[factor], reason.weight)
    return f"{had}: {share}" + (", as now" if share == now else "")


def otherwise(reason: Reason) -> str:
    """Say what its share would be under other strategies: a part of a sentence, or nothing."""
    own, *others = _shares(reason, reason.weight, *reason.under.values())
    same: dict[str, list[str]] = {}
    for name, said in zip(reason.under, others, strict=True):
        same.setdefault(said, []).append(name)
    told = [f"{said} under {listed(names)}" for said, names in same.items() if said != own]
    if told:
        return f"it would be {', '.join(told)}"
    return f"it would be the same under {listed([*reason.under])}" if reason.under else ""


def capital(text: str) -> str:
    """Begin a sentence.

    Examples
    --------
    >>> capital("q decided")
    'Q decided'
    """
    return text[:1].upper() + text[1:]


def _noted(reason: Reason) -> str:
    return f"the round's note: {visible(reason.told, _TOLD)}" if reason.told else ""
