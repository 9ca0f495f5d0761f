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
# Of rows a site tests on a fourth of those that it trains on: 80 and 20 of a hundred.
_TESTED = 0.25
_CHANCE = 0.02
_NAMED, _NAME = 3, 40


def apart(values: Mapping[str, float]) -> list[str]:
    """Name whose value lies far above the others', the farthest first.

    Far is three standard deviations above the middle value, as the middle distance from it
    has them: what few do moves neither.

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
    middle = median(values.values())
    spread = median(abs(one - middle) for one in values.values()) / _NORMAL
    far = [name for name, one in values.items() if one > middle + _FAR * spread]
    return sorted(far, key=lambda name: (-values[name], name))


def erring_apart(errors: Mapping[str, float], samples: Mapping[str, int]) -> list[str]:
    """Name whose own rows the model takes far more often for another class, the worst first.

    Beyond what `apart` asks for, chance must not explain it: as many errors among as many test
    rows as a site has by its samples, each taken with the middle error. Over all sites that
    happens by chance in 2 runs of 100, somewhat more often where errors are few.

    Parameters
    ----------
    errors : mapping of str to float
        Of the model on each site's own test rows, in [0, 1].
    samples : mapping of str to int
        That each trains on.

    Examples
    --------
    >>> errors = {"a": 0.14, "b": 0.11, "c": 0.07, "d": 0.31}
    >>> erring_apart(errors, dict.fromkeys("abcd", 160))
    ['d']
    >>> erring_apart(errors, dict.fromkeys("abcd", 16))
    []
    """
    return [name for name in apart(errors) if _beyond_chance(name, errors, samples)]


def _beyond_chance(name: str, errors: Mapping[str, float], samples: Mapping[str, int]) -> bool:
    rows = max(1, round(_TESTED * samples[name]))
    # Of rows without any error the next one may still be one.
    likely = max(median(errors.values()), 1 / rows)
    chance = binom.sf(round(errors[name] * rows) - 1, rows, likely)
    return bool(chance < _CHANCE / len(errors))


def own_error_words(
    errors: Mapping[str, float], samples: Mapping[str, int], weight: Callable[[str], float]
) -> str:
    r"""Say whose own error stands apart, and what its weight was.

    Parameters
    ----------
    errors, samples : mapping
        As of `erring_apart`.
    weight : callable
        From a name to its mean weight over the rounds; nan where there is none.

    Returns
    -------
    str
        "" where nobody stands apart.

    Examples
    --------
    >>> errors = {"a": 0.14, "b": 0.11, "c": 0.07, "d": 0.31}
    >>> said = own_error_words(errors, dict.fromkeys("abcd", 160), {"d": 0.26}.get)
    >>> print(said.replace("\xa0", " ").replace(". ", ".\n"))
    d stands apart: the final model errs in 31.0 % of its own test rows (the middle site: 12.5 %).
    Its mean weight was 26.0 %, its share of the data 25.0 %.
    Its labels, its rows or those whom it sees differ: look there first.
    """  # noqa: E501
    found = erring_apart(errors, samples)
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


def evidence_words(sums: Mapping[str, float], when: str) -> str:
    """Say against whom the evidence of a round speaks, as against nobody else.

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
    found = [name for name in apart(against) if sums[name] < 0]
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
