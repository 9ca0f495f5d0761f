"""What decided of a weight, in part of a sentence: its direction is that of the numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from anml_fl.reasons.amounts import all_apart, compact, fixed
from anml_fl.reasons.evidence_words import evidence, signed, worth
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
    from anml_fl.reasons.reason import Reason

NAME = 40
"""Letters of a name that are shown."""

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
    # A signal's rate of decay is its own: the oldest need not be the least fresh.
    FRESHNESS: (
        "it is the least fresh",
        "it is less fresh than on average",
        "it is fresher than on average",
        "it is the freshest",
    ),
    EXAMPLES: (
        "it counts for the fewest examples",
        "it counts for fewer examples than on average",
        "it counts for more examples than on average",
        "it counts for the most examples",
    ),
}
_SYMBOLS = {Q: "q = ", CREDENTIALS: "s = ", FRESHNESS: "T = ", EXAMPLES: ""}
# Where its number lies on one side of the mean, and what that did on the other.
_ANYHOW = {
    Q: "how near its update lay to the others'",
    CREDENTIALS: "its credentials",
    FRESHNESS: "its freshness",
    EXAMPLES: "the examples that it counts for",
}


def clause(reason: Reason) -> str:
    """Say what decided.

    Parameters
    ----------
    reason : Reason
        Of one that was counted or left out.

    Examples
    --------
    >>> from anml_fl.reasons.reason import Reason
    >>> clause(Reason(contributor="a", strategy="anml", round=1, status="left out",
    ...               decided_by="q", value=0.0, mean=0.5, line=0.34, at_an_end=-1))
    "its update lay farthest from the others' (q = 0.00, on average 0.50; the nearest that was kept has 0.34)"
    """  # noqa: E501
    factor = reason.decided_by
    if factor is None:
        if reason.weight is None:
            return f"no contributor has a share under {visible(reason.strategy, NAME)}"
        return "hardly anything sets its share apart from an equal one"
    if factor == ORDER:
        return "its place by name decided: others weigh as much, and not all are selected"
    if factor == RULE:
        rule = visible(reason.strategy, NAME)
        if reason.status == "left out":
            return f"it was left out by {rule}"
        return f"this is what {rule} made of the updates"
    if reason.value is None or reason.mean is None:
        return f"“{visible(factor, NAME)}” decided"
    numbers = _numbers(reason, factor, reason.value, reason.mean)
    if factor in _SIGNALS:
        return _of_a_signal(reason, factor, numbers)
    if factor == MEASURE:
        return f"the {visible(reason.measure or MEASURE, 80)} is {numbers}"
    if factor == COPIES:
        return f"copies share one weight, and of its update there are {numbers}"
    return _of_evidence(reason, factor, numbers)


def _of_a_signal(reason: Reason, factor: str, numbers: str) -> str:
    gained, more = _gained(reason, factor), _more(reason)
    if gained != more:
        return _no_other(_ANYHOW[factor], f"{_SYMBOLS[factor]}{numbers}", gained=gained)
    least, less, greater, most = _SIGNALS[factor]
    ends = {-1: least, 0: greater if more else less, 1: most}
    return f"{ends[reason.at_an_end]} ({_SYMBOLS[factor]}{numbers})"


def _of_evidence(reason: Reason, kind: str, numbers: str) -> str:
    value, gained, shown = reason.value or 0.0, _gained(reason, kind), visible(kind, NAME)
    if gained != _more(reason):
        return _no_other(f"“{shown}”", numbers, gained=gained)
    speaks = 0 if signed(value) == signed(0.0) else math.copysign(1, value)
    if speaks and gained == (speaks > 0):
        said = worth(value) if kind == WORTH else evidence(kind, value)
        return f"{said} ({shown} {numbers})"
    # Shares are of one whole: what speaks against others is for it.
    if speaks:
        way = "for it than for others" if speaks > 0 else "against it than against others"
        return f"“{shown}” speaks less {way} ({numbers})"
    told = "against others, and not against it" if gained else "for others, and not for it"
    return f"“{shown}” speaks {told} ({numbers})"


def _no_other(what: str, numbers: str, *, gained: bool) -> str:
    """Say the part's side alone: a share may gain by a number that is below the mean."""
    return (
        f"by {what} it would count no {'less' if gained else 'more'} than others ({numbers})"
    )


def _gained(reason: Reason, factor: str) -> bool:
    return reason.status == "counted" and reason.parts.get(factor, 0.0) > 0


def _more(reason: Reason) -> bool | None:
    """Whether it has more than the mean; None where the two read the same."""
    value, mean = reason.value, reason.mean
    if value is None or mean is None or reason.decided_by is None:
        return None
    said, mean_said = _written(reason.decided_by, (value, mean))
    return None if said == mean_said else value > mean


def _numbers(reason: Reason, factor: str, value: float, mean: float) -> str:
    others = (mean,) if reason.line is None else (mean, reason.line)
    said, mean_said, *line_said = _written(factor, (value, *others))
    numbers = f"{said}, on average {mean_said}" if said != mean_said else said
    return numbers + "".join(f"; the nearest that was kept has {one}" for one in line_said)


def _written(factor: str, values: tuple[float, ...]) -> tuple[str, ...]:
    if factor in (Q, CREDENTIALS, FRESHNESS):
        return all_apart(fixed, values, 2)
    if factor in (EXAMPLES, MEASURE):
        return all_apart(compact, values, 3)
    if factor == COPIES:
        return all_apart(fixed, values, 1)
    return all_apart(signed, values, 1)
