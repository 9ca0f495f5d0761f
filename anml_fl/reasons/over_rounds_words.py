"""Reasons over a run's rounds in words: every number in them is the reasons' own."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from anml_fl.reasons.amounts import decimals, percent
from anml_fl.reasons.decided import REFUSED, Decided
from anml_fl.reasons.reason import Reason
from anml_fl.reasons.reply_words import plain
from anml_fl.reasons.taken import RULE
from anml_fl.reasons.words import because, capital, listed, otherwise, points
from anml_fl.system.untrusted_text import visible

if TYPE_CHECKING:
    from anml_fl.reasons.over_rounds import OverRounds

# Letters of a name, and of what was recorded; and of the latter how many are told.
_NAME, _TOLD, _MOST_TOLD = 40, 200, 3


def sentences_over(over: OverRounds) -> str:
    r"""Say why a contributor got its weights over a run, and what they would have been.

    Parameters
    ----------
    over : OverRounds

    Returns
    -------
    str
        Some sentences, without markup.

    Examples
    --------
    >>> from anml_fl.reasons.decided import Alternative, Decided
    >>> from anml_fl.reasons.over_rounds import OverRounds
    >>> q = Decided(rounds=3, part=-0.2, value=0.1, mean=0.5)
    >>> site = OverRounds(
    ...     contributor="site-a", strategy="anml", rounds=4, new_models=4, counted=1, first=2,
    ...     last=2, left_out=2, refused={"-": 1}, weight=0.1, equal=0.25,
    ...     decided_by="q", decided={"q": q}, parts={"q": -0.15, "refused": 0.0},
    ...     under={"fedavg": Alternative(rounds=4, weight=0.2, own=0.1)},
    ... )
    >>> print(sentences_over(site).replace("\xa0", " ").replace(". ", ".\n"))
    site-a: 10.0 % on average over 4 rounds; equal shares would be 25.0 %.
    It counted in 1 of 4 rounds (round 2); the rule left it out in 2; no valid reply in 1: -.
    Its update lay farther from the others' than on average (q = 0.10, on average 0.50).
    That decided in 3 of 4 rounds.
    It would be 20.0 % under fedavg.
    """
    parts = [_counts(over)]
    if over.new_models and (over.counted or over.left_out):
        whole = _whole(over)
        decisive = "" if over.decided_by == REFUSED else because_over(over)
        parts += [decisive, _decided(over), points(whole), otherwise(whole), *_sometimes(over)]
    told = [f"{capital(part)}." for part in parts if part]
    return " ".join((f"{_heading(over)}.", *told))


def because_over(over: OverRounds) -> str:
    """Say in part of a sentence what decided over a run, for a table's cell.

    Examples
    --------
    >>> from anml_fl.reasons.over_rounds import OverRounds
    >>> because_over(OverRounds(contributor="a", strategy="anml", rounds=2, new_models=2,
    ...                         weight=0.5, equal=0.5, counted=2))
    'hardly anything sets its share apart from an equal one'
    """
    if not over.new_models:
        return "nobody's update was used"
    if over.decided_by == REFUSED or not (over.counted or over.left_out):
        return f"no valid reply in {_of(sum(over.refused.values()), over)}: {_told(over)}"
    if over.decided_by == RULE and over.left_out:
        strategy = visible(over.strategy, _NAME)
        return f"it was left out by {strategy} in {_of(over.left_out, over)}"
    found = over.decided.get(over.decided_by or "", Decided(rounds=0))
    said = because(
        replace(
            _whole(over),
            decided_by=over.decided_by,
            measure=found.measure,
            value=found.value,
            mean=found.mean,
            at_an_end=found.at_an_end,
            parts={over.decided_by or "": found.part},
        )
    )
    return f"on the whole {said}" if over.decided and over.decided_by is None else said


def _whole(over: OverRounds) -> Reason:
    """Take all rounds as if they were one, whose numbers are their means."""
    return Reason(
        contributor=over.contributor,
        strategy=over.strategy,
        round=over.rounds,
        status="counted",
        weight=over.weight,
        equal=over.equal,
        parts=over.parts,
        under={
            name: one.weight
            for name, one in over.under.items()
            if one.rounds == over.new_models
        },
    )


def _heading(over: OverRounds) -> str:
    name, made = visible(over.contributor, _NAME), over.new_models
    if not made:
        return f"{name}: no share of any step"
    if over.weight is None:
        return f"{name}: no share of its own"
    rounds = "1 round" if made == 1 else f"{made} rounds"
    if made < over.rounds:
        rounds += f" that made a new model, of {over.rounds}"
    mean = "in" if made == 1 else "on average over"
    digits = decimals(over.equal)
    equal = f"equal shares would be {percent(over.equal, digits)}"
    return f"{name}: {percent(over.weight, digits)} {mean} {rounds}; {equal}"


def _counts(over: OverRounds) -> str:
    """Say in how many rounds it counted, and in how many not."""
    told = [f"it counted in {_of(over.counted, over)}"]
    if 0 < over.counted < over.rounds:
        one = over.first == over.last
        which = (
            f"round {over.first}"
            if one
            else f"first in round {over.first}, last in {over.last}"
        )
        told[0] += f" ({which})"
    if over.left_out:
        told.append(f"the rule left it out in {over.left_out}")
    if refused := sum(over.refused.values()):
        told.append(f"no valid reply in {refused}: {_told(over)}")
    if idle := over.rounds - over.counted - over.left_out - refused:
        told.append(f"nobody's update was used in {idle}")
    return "; ".join(told)


def _told(over: OverRounds) -> str:
    """Say why it was refused: of several reasons the most frequent, with their rounds."""
    refused: Counter[str] = Counter()
    for why, times in over.refused.items():
        refused[visible(plain(why), _TOLD)] += times
    told = dict(refused.most_common())
    if len(told) == 1:
        return next(iter(told))
    shown = [f"{why} ({times})" for why, times in [*told.items()][:_MOST_TOLD]]
    rest = sum([*told.values()][_MOST_TOLD:])
    return "; ".join([*shown, *([f"others ({rest})"] if rest else [])])


def _decided(over: OverRounds) -> str:
    """Say how often what decided did, and what else did."""
    if over.new_models < 2:
        return ""
    own, made = over.decided.get(over.decided_by or ""), over.new_models
    that = "" if own is None else f"that decided in {own.rounds} of {made} rounds"
    others = [
        f"{visible(one.measure or name, _NAME)} in {one.rounds}"
        for name, one in over.decided.items()
        if name not in (over.decided_by, REFUSED)
    ]
    if over.decided_by == REFUSED or not that:
        return f"what decided: {listed(others)}" if others else ""
    return f"{that}, {listed(others)}" if others else that


def _sometimes(over: OverRounds) -> list[str]:
    """Say what would have been in those rounds of which alone it is known."""
    some: dict[tuple[int, float | None], dict[str, float]] = {}
    for name, one in over.under.items():
        if one.rounds < over.new_models:
            some.setdefault((one.rounds, one.own), {})[name] = one.weight
    return [
        f"in {rounds} of {over.new_models} rounds, of which alone it is known, it had"
        f" {percent(own, decimals(over.equal))}, and"
        f" {otherwise(replace(_whole(over), weight=own, under=under))}"
        for (rounds, own), under in some.items()
    ]


def _of(count: int, over: OverRounds) -> str:
    if over.rounds == 1:
        return "its one round" if count else "no round"
    if count == over.rounds:
        return f"all {count} rounds"
    return f"{count or 'none'} of {over.rounds} rounds"
