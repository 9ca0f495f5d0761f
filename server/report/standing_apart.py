"""Which site stands apart: by its own error, or by the evidence on it; computed, or nobody."""

from __future__ import annotations

import math
from statistics import median
from typing import TYPE_CHECKING

from scipy.stats import binom

from anml_fl.reasons.amounts import percent
from anml_fl.reasons.evidence_words import signed
from anml_fl.reasons.words import listed
from anml_fl.system.untrusted_text import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_FEWEST = 4
# Of the middle distance from the middle, which is .6745 standard deviations of a bell curve.
_FAR, _NORMAL = 3.0, 0.6745
_CHANCE = 0.02
# Nats: odds of twenty to one. Less than that speaks against a site now and then by chance.
_AGAINST = 3.0
_NAMED, _NAME = 3, 40


def apart(values: Mapping[str, float]) -> list[str]:
    """Name whose value lies far above the others', the farthest first.

    Far is three standard deviations above the middle value, as the middle distance from it
    has them: what few do moves neither. Of few sites one moves both: a single one is held
    against the others alone, as long as none of them is as far.

    Parameters
    ----------
    values : mapping of str to float
        Of each site; of fewer than four nobody stands apart.

    Examples
    --------
    >>> apart({"a": 0.14, "b": 0.11, "c": 0.07, "d": 0.31})
    ['d']
    >>> apart({"a": 0.14, "b": 0.11, "c": 0.07, "d": 0.17}), apart({"a": 0.1, "b": 0.9})
    ([], [])
    """
    if len(values) < _FEWEST:
        return []
    order = sorted(values, key=lambda name: (-values[name], name))
    first, *others = order
    line = _line([values[name] for name in others])
    if values[others[0]] <= line < values[first]:
        return [first]
    line = _line([*values.values()])
    return [name for name in order if values[name] > line]


def _line(values: Sequence[float]) -> float:
    middle = median(values)
    return middle + _FAR * median(abs(one - middle) for one in values) / _NORMAL


def erring_apart(errors: Mapping[str, float], rows: Mapping[str, int]) -> list[str]:
    """Name whose own rows the model takes far more often for another class, the worst first.

    Beyond what `apart` asks for, chance must not explain it: as many errors among as many test
    rows as a site has, each taken with the middle error. Over all sites that
    happens by chance in 2 runs of 100, somewhat more often where errors are few.

    Parameters
    ----------
    errors : mapping of str to float
        Of the model on each site's own test rows, in [0, 1].
    rows : mapping of str to int
        How many those are.

    Examples
    --------
    >>> errors = {"a": 0.14, "b": 0.11, "c": 0.07, "d": 0.31}
    >>> erring_apart(errors, dict.fromkeys("abcd", 40))
    ['d']
    >>> erring_apart(errors, dict.fromkeys("abcd", 4))
    []
    """
    return [name for name in apart(errors) if _beyond_chance(name, errors, rows[name])]


def _beyond_chance(name: str, errors: Mapping[str, float], rows: int) -> bool:
    # Of rows without any error the next one may still be one.
    likely = max(median(errors.values()), 1 / rows)
    chance = binom.sf(round(errors[name] * rows) - 1, rows, likely)
    return bool(chance < _CHANCE / len(errors))


def own_error_words(
    errors: Mapping[str, float],
    rows: Mapping[str, int],
    samples: Mapping[str, int],
    weight: Callable[[str], float],
) -> str:
    r"""Say whose own error stands apart, and what its weight was.

    Parameters
    ----------
    errors, rows : mapping
        As of `erring_apart`.
    samples : mapping of str to int
        That each trains on.
    weight : callable
        From a name to its mean weight over the rounds; nan where there is none.

    Returns
    -------
    str
        "" where nobody stands apart.

    Examples
    --------
    >>> errors = {"a": 0.14, "b": 0.11, "c": 0.07, "d": 0.31}
    >>> rows, samples = dict.fromkeys("abcd", 40), dict.fromkeys("abcd", 160)
    >>> said = own_error_words(errors, rows, samples, {"d": 0.26}.get)
    >>> print(said.replace("\xa0", " ").replace(". ", ".\n"))
    d stands apart: the final model errs in 31.0 % of its own test rows (the middle site: 12.5 %).
    Its mean weight was 26.0 %, its share of the data 25.0 %.
    Its labels, its rows or those whom it sees differ: look there first.
    """  # noqa: E501
    found = erring_apart(errors, rows)
    if not found:
        return ""
    middle = percent(median(errors.values()))
    if len(found) > 1:
        who = [f"{visible(one, _NAME)} ({percent(errors[one])})" for one in found[:_NAMED]]
        more = [f"{len(found) - _NAMED:,} more"] if len(found) > _NAMED else []
        return (
            f"{listed([*who, *more])} stand apart by the final model's error in their own test"
            f" rows (the middle site: {middle}). Their labels, their rows or those whom they"
            " see differ: look there first."
        )
    (name,) = found
    mean, of_data = weight(name), samples[name] / (sum(samples.values()) or 1)
    weighed = (
        f" Its mean weight was {percent(mean)}, its share of the data {percent(of_data)}."
        if math.isfinite(mean)
        else ""
    )
    return (
        f"{visible(name, _NAME)} stands apart: the final model errs in {percent(errors[name])}"
        f" of its own test rows (the middle site: {middle}).{weighed} Its labels, its rows or"
        " those whom it sees differ: look there first."
    )


def claims_words(claims: Mapping[str, float], rows: Mapping[str, int], when: str) -> str:
    r"""Say who claims an error that stands apart, where the server tests nothing.

    Parameters
    ----------
    claims : mapping of str to float
        Error that each site claims of a round's model, in [0, 1].
    rows : mapping of str to int
        On how many rows of its own, as it says.
    when : str
        Such as "in round 3".

    Returns
    -------
    str
        "" where nobody stands apart.

    Examples
    --------
    >>> claims = {"a": 0.2, "b": 0.1, "c": 0.15, "west": 0.5}
    >>> print(claims_words(claims, dict.fromkeys(claims, 30), "in round 3").replace(". ", ".\n"))
    By the sites' own claims in round 3, west stands apart: the model errs in 50.0 % of its 30 test rows (the middle site: 17.5 %).
    Nobody can check a claim: look at its labels and rows first.
    """  # noqa: E501
    tested = {name: one for name, one in claims.items() if rows.get(name, 0) > 0}
    found = erring_apart(tested, rows)
    if not found:
        return ""
    worst = found[0]
    its = "its" if len(found) == 1 else f"{visible(worst, _NAME)}'s"
    said = (
        f"By the sites' own claims {when}, {_named(found)}: the model errs in"
        f" {percent(tested[worst])} of {its} {rows[worst]:,} test rows (the middle site:"
        f" {percent(median(tested.values()))}). Nobody can check a claim: look at"
        f" {'its' if len(found) == 1 else 'their'} labels and rows first."
    )
    return said.replace("\N{NO-BREAK SPACE}", " ")


def evidence_words(sums: Mapping[str, float], when: str) -> str:
    """Say against whom the evidence of a round speaks, as against nobody else.

    Three nats or more: odds of twenty to one. Less is no finding.

    Parameters
    ----------
    sums : mapping of str to float
        Evidence on each contributor, in nats.
    when : str
        Such as "in round 3".

    Returns
    -------
    str
        "" where nobody stands apart.

    Examples
    --------
    >>> evidence_words({"a": 2.0, "b": 2.4, "c": 1.7, "d": -3.1}, "in round 3")
    "By the evidence in round 3, d stands apart: −3.1 nats, against the middle one's +1.9."
    """
    against = {name: -one for name, one in sums.items()}
    found = [name for name in apart(against) if sums[name] <= -_AGAINST]
    if not found:
        return ""
    middle = signed(median(sums.values()))
    return (
        f"By the evidence {when}, {_named(found)}: {signed(sums[found[0]])} nats"
        f"{' and more' if len(found) > 1 else ''}, against the middle one's {middle}."
    )


def _named(found: Sequence[str]) -> str:
    who = [visible(one, _NAME) for one in found[:_NAMED]]
    more = [f"{len(found) - _NAMED:,} more"] if len(found) > _NAMED else []
    return f"{listed([*who, *more])} {'stand' if len(found) > 1 else 'stands'} apart"
