"""What decided over some rounds, and what would have been under another strategy in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anml_fl.reasons.reason import Reason

REFUSED = "refused"
"""As a factor: that there was no valid reply."""


def part_words(factor: str) -> str:
    """Name a factor to people: whoever was absent was not refused.

    Examples
    --------
    >>> part_words("refused"), part_words("q")
    ('no valid reply', 'q')
    """
    return "no valid reply" if factor == REFUSED else factor


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """The rounds in which one thing decided a contributor's weight.

    Parameters
    ----------
    rounds : int
        > 0.
    part : float
        Its mean part of weight - equal in these rounds; 0 where parts are not known.
    value, mean : float, optional
        As in `Reason`, their means over these rounds; None where one is not known.
    at_an_end : int
        As in `Reason`, if it was so in each of these rounds; or else 0.
    measure : str, optional
        What the rule measured, where that decided.
    """

    rounds: int
    part: float = 0.0
    value: float | None = None
    mean: float | None = None
    at_an_end: int = 0
    measure: str | None = None

    @classmethod
    def of(cls, reason: Reason) -> Decided:
        """Take it from a round's reason."""
        return cls(
            rounds=1,
            part=reason.parts.get(reason.decided_by or "", 0.0),
            value=reason.value,
            mean=reason.mean,
            at_an_end=reason.at_an_end,
            measure=reason.measure,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """What a contributor's mean weight would have been under another strategy.

    Parameters
    ----------
    rounds : int
        Those of which that is known, > 0: nothing is said of others.
    weight : float
        Under the other strategy, in [0, 1].
    own : float, optional
        Under the run's own, over the same rounds; None under a coordinate-wise rule.
    """

    rounds: int
    weight: float
    own: float | None


def together(decided: Sequence[Decided]) -> Decided:
    """Take rounds together in which the same thing decided.

    Examples
    --------
    >>> found = together([
    ...     Decided(rounds=1, part=-0.1, value=0.0, mean=0.5, at_an_end=-1),
    ...     Decided(rounds=1, part=-0.3, value=0.2, mean=0.7),
    ... ])
    >>> found.rounds, found.part, found.value, found.at_an_end
    (2, -0.2, 0.1, 0)
    """
    rounds = sum(one.rounds for one in decided)
    ends = {one.at_an_end for one in decided}
    return Decided(
        rounds=rounds,
        part=sum(one.part * one.rounds for one in decided) / rounds,
        value=mean([one.value for one in decided]),
        mean=mean([one.mean for one in decided]),
        at_an_end=ends.pop() if len(ends) == 1 else 0,
        measure=decided[-1].measure,
    )


def mean(values: Sequence[float | None]) -> float | None:
    """Give a mean; None of nothing, or where one of the values is not known.

    Examples
    --------
    >>> mean([1.0, 2.0]), mean([1.0, None]), mean([])
    (1.5, None, None)
    """
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known and len(known) == len(values) else None
