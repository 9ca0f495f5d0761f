"""What a claim of the paper is, and what was found about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from studies.reproduction.intervals import Estimate, mean
from studies.reproduction.numbers import interval
from studies.reproduction.results import Study, paired

if TYPE_CHECKING:
    from studies.reproduction.results import Cell

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
class Claim:
    """One statement of the paper that can be checked.

    Parameters
    ----------
    text : str
        As the paper has it, in short.
    where : str
        Its section.
    find : callable
        Studies in, `Finding` out.
    """

    text: str
    where: str
    find: Callable[[Studies], Finding]


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
