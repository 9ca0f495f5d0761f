"""What a claim of the paper is, and what was found about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from studies.reproduction.intervals import Estimate, mean
from studies.reproduction.numbers import interval
from studies.reproduction.results import Study, paired

if TYPE_CHECKING:
    from collections.abc import Iterable

    from studies.reproduction.results import Cell

FEW = 5
"""Trials below which nothing is judged."""

Studies = Mapping[str, Study]
"""Every study that was run, by name."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What the files say about a claim.

    Parameters
    ----------
    text : str
        Our figure, in words.
    holds : bool or None
        None where it was not measured.
    """

    text: str
    holds: bool | None


NOT_MEASURED = Finding("not measured", None)
"""For want of the study."""


@dataclass(frozen=True, slots=True)
class Check:
    """A rule in words, and the function that applies it.

    Parameters
    ----------
    rule : str
        A sentence that begins with "Holds if".
    find : callable
        Studies in, `Finding` out.
    """

    rule: str
    find: Callable[[Studies], Finding]

    def __call__(self, studies: Studies) -> Finding:
        """Apply it."""
        return self.find(studies)


def holds_if(rule: str) -> Callable[[Callable[[Studies], Finding]], Check]:
    """Put the rule in words beside the function that applies it.

    Parameters
    ----------
    rule : str
        What follows "Holds if", without a full stop.

    Returns
    -------
    callable
        A decorator.

    Examples
    --------
    >>> @holds_if("there is any study")
    ... def check(studies):
    ...     return Finding("", bool(studies))
    >>> check.rule, check({}).holds
    ('Holds if there is any study.', False)
    """
    return lambda find: Check(f"Holds if {rule}.", find)


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement of the paper that can be checked.

    Parameters
    ----------
    text : str
        As the paper has it, in short.
    where : str
        Its section.
    find : Check
    in_paper : bool
        Whether the paper's own figures decide, and ours do not.
    """

    text: str
    where: str
    find: Check
    in_paper: bool = False


def enough(*cells: Cell) -> bool:
    """Whether each rests on `FEW` trials at least."""
    return all(len(cell.values) >= FEW for cell in cells)


def verdict_of(judged: Iterable[bool]) -> bool | None:
    """Say whether all hold; None without any."""
    found = list(judged)
    return all(found) if found else None


def examples(found: Iterable[tuple[float, str]], most: int = 3) -> str:
    """List the worst.

    Parameters
    ----------
    found : iterable of (float, str)
        How bad each is, and what it says.
    most : int
        How many to list.

    Examples
    --------
    >>> examples([(1.0, "a"), (3.0, "b"), (2.0, "c")], most=2)
    'b; c; and 1 more'
    """
    ranked = [text for _, text in sorted(found, key=lambda one: -one[0])]
    more = [f"and {len(ranked) - most} more"] if len(ranked) > most else []
    return "; ".join(ranked[:most] + more)


def excess(one: Cell, other: Cell) -> Estimate:
    """Estimate how much greater one is than the other, paired by trial."""
    left, right = paired(one, other)
    return mean(left - right)


def share(cell: Cell) -> str:
    """Write a mean share in per cent, with its interval."""
    return f"{interval(mean(cell.values).times(100), 1)} %"


def points(estimate: Estimate) -> str:
    """Write a difference of shares in percentage points, with its interval."""
    return f"{interval(estimate.times(100), 1)} points"
