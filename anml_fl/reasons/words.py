"""A reason in words: every number in them is the reason's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.reasons.amounts import apart, compact, percent
from anml_fl.reasons.evidence_words import evidence, signed
from anml_fl.reasons.round_words import since
from anml_fl.reasons.taken import (
    COPIES,
    CREDENTIALS,
    EXAMPLES,
    FRESHNESS,
    MEASURE,
    RULE,
    Q,
)
from anml_fl.system.untrusted_text import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anml_fl.reasons.reason import Reason
    from anml_fl.reasons.round_reasons import RoundReasons

# Letters of a name, and of what was recorded.
_NAME, _TOLD = 40, 300
# What the least, less than the mean, more than it and the most of each signal means.
_SIGNALS = {
    Q: (
        "its update lay farthest from the others'",
        "its update lay farther from the others' than on average",
        "its update lay nearer to the others' than on average",
        "its update lay nearest to the others'",
    ),
    CREDENTIALS: (
        "its credentials are the weakest",
        "its credentials are weaker than on average",
        "its credentials are stronger than on average",
        "its credentials are the strongest",
    ),
    FRESHNESS: (
        "what is known of it is the oldest",
        "what is known of it is older than on average",
        "what is known of it is newer than on average",
        "what is known of it is the newest",
    ),
    EXAMPLES: (
        "it counts for the fewest examples",
        "it counts for fewer examples than on average",
        "it counts for more examples than on average",
        "it counts for the most examples",
    ),
}
_SYMBOLS = {Q: "q", CREDENTIALS: "s", FRESHNESS: "T"}
_ALIKE = {
    Q: "had q been the same for all",
    CREDENTIALS: "had all had the same credentials",
    FRESHNESS: "had all been as fresh",
    EXAMPLES: "had all counted for as many examples",
    COPIES: "had its copies not counted as one",
}


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
    Its update lay farthest from the others' (q = 0.00, on average 0.53).
    Nothing but q counted: outside signals were the same for all.
    Had q been the same for all: 33.3 %.
    It would be 33.3 % under fedavg, 25.7 % under softmax_blend.
    """
    reason = reasons.of(contributor)
    parts = [because(reason)]
    if reason.status in ("counted", "left out"):
        parts += [points(reason), since(reasons), _cut(reason)]
        parts += [_missing(reason)]
        parts += [_alike(reason), otherwise(reason)]
    told = [f"{capital(part)}." for part in parts if part]
    return " ".join((f"{_heading(reason)}.", *told))


def because(reason: Reason) -> str:
    """Say in part of a sentence what decided, for a table's cell.

    Examples
    --------
    >>> from anml_fl.reasons.reason import Reason
    >>> late = Reason(contributor="a", strategy="anml", round=1, status="refused", told="late")
    >>> because(late)
    'left out: late'
    """
    if reason.status == "refused":
        return f"left out: {visible(reason.told or 'no valid reply', _TOLD)}"
    if reason.status == "no new model":
        why = f": {visible(reason.told, _TOLD)}" if reason.told else ""
        return f"nobody's update was used{why}"
    factor = reason.decided_by
    if factor is None:
        if reason.weight is None:
            return f"under {visible(reason.strategy, _NAME)} no contributor has a share"
        return "nothing told it apart from the others"
    if factor == RULE:
        done = "left it out" if reason.status == "left out" else "made this of the updates"
        return f"{visible(reason.strategy, _NAME)} {done}"
    return _clause(reason, factor)


def _clause(reason: Reason, factor: str) -> str:
    value, mean = reason.value, reason.mean
    if value is None or mean is None:
        return f"“{visible(factor, _NAME)}” decided"
    if factor == COPIES:
        return f"{value:.1f} contributors sent the same update, and share one weight"
    said, mean_said = _pair(factor, value, mean)
    numbers = f"{said}, on average {mean_said}" if said != mean_said else said
    if reason.line is not None:
        numbers += f"; the nearest that was kept has {_pair(factor, reason.line, value)[0]}"
    if factor in _SIGNALS:
        least, less, more, most = _SIGNALS[factor]
        ends = {-1: least, 0: less if value < mean else more, 1: most}
        symbol = f"{_SYMBOLS[factor]} = " if factor in _SYMBOLS else ""
        return f"{ends[reason.at_an_end]} ({symbol}{numbers})"
    if factor == MEASURE:
        return f"the {visible(reason.measure or 'measure', 80)} is {numbers}"
    kind = visible(factor, _NAME)
    gained = reason.parts.get(factor, 0.0) > 0
    if gained != (value > 0) or signed(value) == signed(0.0):
        # Shares are of one whole: what speaks against others is for it.
        more = "more" if gained else "less"
        return f"“{kind}” speaks {more} for it than for others ({numbers})"
    return f"{evidence(factor, value)} ({kind} {numbers})"


def _pair(factor: str, value: float, other: float) -> tuple[str, str]:
    if factor in _SYMBOLS:
        return apart(value, other)
    if factor in (EXAMPLES, MEASURE):
        return compact(value), compact(other)
    return signed(value), signed(other)


def _heading(reason: Reason) -> str:
    name = visible(reason.contributor, _NAME)
    if reason.weight is None:
        return f"{name}: no share of its own"
    if reason.status not in ("counted", "left out"):
        return f"{name}: {percent(0.0)}"
    return f"{name}: {percent(reason.weight)}; equal shares would be {percent(reason.equal)}"


def points(reason: Reason) -> str:
    """Divide what lies between its share and an equal one, where several things made it.

    Returns
    -------
    str
        A part of a sentence; empty where one thing did, or nothing is known.
    """
    told = {
        name: f"{'−' if part < 0 else '+'}{100 * abs(part):.1f}"
        for name, part in sorted(reason.parts.items(), key=lambda item: -abs(item[1]))
        if f"{100 * abs(part):.1f}" != "0.0"
    }
    if len(told) < 2 or reason.weight is None or reason.equal is None:
        return ""
    points = listed([f"{visible(name, _NAME)} {said}" for name, said in told.items()])
    return f"in percentage points from an equal share: {points}"


def _cut(reason: Reason) -> str:
    if reason.status != "left out" or reason.uncut is None:
        return ""
    uncut = percent(reason.uncut)
    return f"it is not among the heaviest, who alone are selected: with all of them {uncut}"


def _missing(reason: Reason) -> str:
    if reason.missing is None:
        return ""
    return f"{apart(reason.missing, 0.0, 1)[0]} nats more for it would have kept it"


def _alike(reason: Reason) -> str:
    factor = reason.decided_by
    if factor is None or factor not in reason.without or factor in (MEASURE, RULE):
        return ""
    had = _ALIKE.get(factor, f"without “{visible(factor, _NAME)}”")
    otherwise = percent(reason.without[factor])
    return f"{had}: {otherwise}" + (", as now" if otherwise == percent(reason.weight) else "")


def otherwise(reason: Reason) -> str:
    """Say what its share would be under other strategies: a part of a sentence, or nothing."""
    own = percent(reason.weight)
    same: dict[str, list[str]] = {}
    for name, weight in reason.under.items():
        same.setdefault(percent(weight), []).append(name)
    told = [f"{said} under {listed(names)}" for said, names in same.items() if said != own]
    if told:
        return f"it would be {', '.join(told)}"
    return f"it would be the same under {listed([*reason.under])}" if reason.under else ""


def listed(items: Sequence[str]) -> str:
    """Name some things in a sentence.

    Examples
    --------
    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return " and ".join(filter(None, [", ".join(items[:-1]), items[-1]]))


def capital(text: str) -> str:
    """Begin a sentence.

    Examples
    --------
    >>> capital("q decided")
    'Q decided'
    """
    return text[:1].upper() + text[1:]
