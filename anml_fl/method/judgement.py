"""What `calibrated` found of a round: each number that made a weight, as records keep it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Real
from typing import Any, ClassVar

MOST_KINDS = 16
"""Kinds of evidence in one judgement."""
LONGEST_KIND = 40
"""Letters of a kind's name."""
LONGEST_ROOT = 200
"""Letters of what vouches for the evidence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContributorJudgement:
    """What spoke for and against one contributor in one round.

    Parameters
    ----------
    evidence : mapping
        Kind to log-likelihood ratio in nats, > 0 in the contributor's favour; without
        credentials.
    l : float
        Their sum, clipped.
    worth : float
        What its (v, r) add, in nats, within +-c of `RoundJudgement`.
    posterior : float
        Probability that it is to be kept, in [0, 1].
    copies : float
        How many contributors send this one's update, itself included, >= 1: they share one
        weight.
    norm : float
        Length of its update, >= 0, before the cap; inf where that is beyond float64.
    bound : float
        How long its own part of the rule's step could have been, whatever it sent: >= 0; inf
        where nothing bounds it, as among one or two.

    Raises
    ------
    ValueError
        Naming the first number that is out of its range.

    Examples
    --------
    >>> ContributorJudgement(
    ...     evidence={"company": 2}, l=2, worth=0, posterior=1.2, copies=1, norm=1, bound=1
    ... )
    Traceback (most recent call last):
    ValueError: posterior must be a number in [0, 1], got 1.2
    """

    UNBOUNDED: ClassVar[tuple[str, ...]] = ("norm", "bound")
    evidence: Mapping[str, float]
    l: float  # noqa: E741 - the method's symbol
    worth: float
    posterior: float
    copies: float
    norm: float
    bound: float

    def __post_init__(self) -> None:
        _settle(self, "evidence", _by_name("evidence", self.evidence))
        for name, least, most in (
            ("l", -math.inf, math.inf),
            ("worth", -math.inf, math.inf),
            ("posterior", 0.0, 1.0),
            ("copies", 1.0, math.inf),
        ):
            _settle(self, name, _number(name, getattr(self, name), least, most))
        for name in self.UNBOUNDED:
            _settle(self, name, _length(name, getattr(self, name)))


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundJudgement:
    """What held for all contributors of one round.

    Parameters
    ----------
    root : str
        What vouches for the evidence: such as "80 rows of the server's", "60 donated rows", or
        "none".
    base_rate : float
        Log-odds that a contributor is honest before anything is known of it.
    c : float
        Most that credentials can add or take, in nats.
    slopes : mapping
        Signal to what .1 more of it is worth, in nats, >= 0; learned in this round.
    cap : float
        Length at which updates are cut off; inf where that is beyond float64.
    damping : float
        What the step was multiplied by, in [0, 1]: below 1 where few are kept.

    Raises
    ------
    ValueError
        Naming the first value that is out of its range.
    """

    UNBOUNDED: ClassVar[tuple[str, ...]] = ("cap",)
    root: str
    base_rate: float
    c: float
    slopes: Mapping[str, float] = field(default_factory=dict)
    cap: float
    damping: float = 1.0

    def __post_init__(self) -> None:
        _settle(self, "root", _text("root", self.root, LONGEST_ROOT))
        _settle(self, "base_rate", _number("base_rate", self.base_rate, -math.inf, math.inf))
        _settle(self, "c", _number("c", self.c, 0.0, math.inf))
        _settle(self, "slopes", _by_name("slopes", self.slopes, least=0.0))
        _settle(self, "cap", _length("cap", self.cap))
        _settle(self, "damping", _number("damping", self.damping, 0.0, 1.0))


def _settle(judgement: Any, name: str, value: Any) -> None:
    # Frozen for everybody else: records hold Python's own floats, and no rule's mapping.
    object.__setattr__(judgement, name, value)


def _by_name(name: str, values: object, least: float = -math.inf) -> dict[str, float]:
    if not isinstance(values, Mapping):
        raise ValueError(
            f"{name} must be a mapping from names to numbers, got {type(values).__name__}"
        )
    if len(values) > MOST_KINDS:
        raise ValueError(f"{name} must have at most {MOST_KINDS} names, got {len(values)}")
    return {
        _text(f"a name in {name}", key, LONGEST_KIND): _number(
            f"{name}[{key!r}]", value, least, math.inf
        )
        for key, value in values.items()
    }


def _text(name: str, value: object, longest: int) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= longest or not value.isprintable():
        got = ascii(value[:60]) if isinstance(value, str) else type(value).__name__
        raise ValueError(f"{name} must be printable text of 1 to {longest} letters, got {got}")
    return value


def _number(name: str, value: object, least: float, most: float) -> float:
    found = _float(value)
    if not (math.isfinite(found) and least <= found <= most):
        wanted = "a finite number"
        if math.isfinite(most):
            wanted = f"a number in [{least:g}, {most:g}]"
        elif math.isfinite(least):
            wanted = f"a finite number >= {least:g}"
        raise ValueError(f"{name} must be {wanted}, got {_shown(value)}")
    return found


def _length(name: str, value: object) -> float:
    found = _float(value)
    if not found >= 0:
        raise ValueError(f"{name} must be a number >= 0, got {_shown(value)}")
    return found


def _float(value: object) -> float:
    """Make it Python's own; nan of whatever is no number, as true is none."""
    try:
        return (
            math.nan
            if isinstance(value, bool) or not isinstance(value, Real)
            else float(value)
        )
    except OverflowError:
        return math.nan


def _shown(value: object) -> str:
    return f"{float(value):g}" if isinstance(value, float) else ascii(value)[:60]
