"""What a claim of the paper is, and what was found about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from studies.reproduction.intervals import Estimate, mean
from studies.reproduction.methods import pick
from studies.reproduction.numbers import interval
from studies.reproduction.results import Study, paired

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from studies.reproduction.results import Cell

FEW = 5
"""Trials below which nothing is judged."""

Studies = Mapping[str, Study]
"""Every study that was run, by name."""


@dataclass(frozen=True, slots=True)
class Outcome:
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


NOT_MEASURED = Outcome("not measured", None)
"""For want of the study."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement of the paper that can be checked: calling it checks it.

    Parameters
    ----------
    text : str
        As the paper has it, in short.
    where : str
        Its section.
    rule : str
        A sentence that begins with "Holds if".
    check : callable
        Applies the rule.
    in_paper : bool
        Whether the paper's own figures decide, and ours do not.
    """

    text: str
    where: str
    rule: str
    check: Callable[[Studies], Outcome]
    in_paper: bool = False

    def __call__(self, studies: Studies) -> Outcome:
        """Check it."""
        return self.check(studies)


def claim(
    text: str, where: str, *, holds_if: str, in_paper: bool = False
) -> Callable[[Callable[[Studies], Outcome]], Claim]:
    """Put a claim and its rule in words beside the function that checks it.

    Examples
    --------
    >>> @claim("Studies exist", "1", holds_if="there is any study")
    ... def existence(studies):
    ...     return Outcome("", bool(studies))
    >>> existence.rule, existence({}).holds
    ('Holds if there is any study.', False)
    """
    return lambda check: Claim(text, where, f"Holds if {holds_if}.", check, in_paper)


class Pair(NamedTuple):
    """Two methods' errors in one setting, paired by trial."""

    dataset: str
    condition: str
    cells: Mapping[str, Cell]
    one: Cell
    other: Cell

    @property
    def place(self) -> str:
        """Data set and condition."""
        return f"{self.dataset}, {self.condition}"

    @property
    def excess(self) -> Estimate:
        """How much greater the one's error is than the other's."""
        return excess(self.one, self.other)


def pairs(study: Study | None, one: str, other: str) -> Iterator[Pair]:
    """Pair two methods' errors in every setting of a study that has both."""
    for dataset, condition, cells in () if study is None else study.settings_of("error"):
        left, right = pick(cells, one), pick(cells, other)
        if left is not None and right is not None:
            yield Pair(dataset, condition, cells, left, right)


@dataclass(slots=True)
class Tally:
    """What is said of each setting of a claim, and whether the claim holds there."""

    said: list[tuple[float, str]] = field(default_factory=list)
    judged: list[bool] = field(default_factory=list)

    def add(self, badness: float, text: str, holds: bool, trials: int) -> None:
        """Add a setting; it is judged on `FEW` trials or more."""
        self.said.append((float(badness), text))
        if trials >= FEW:
            self.judged.append(bool(holds))

    @property
    def worst(self) -> str:
        """What is said of the worst settings."""
        return examples(self.said)

    def outcome(self, text: str = "") -> Outcome:
        """Say what was found: what is given, or of every setting in turn."""
        if not self.said:
            return NOT_MEASURED
        return Outcome(text or "; ".join(each for _, each in self.said), self.holds)

    @property
    def holds(self) -> bool | None:
        """Whether the claim holds wherever it is judged; None if it is nowhere."""
        return all(self.judged) if self.judged else None


def fewest(*cells: Cell) -> int:
    """Count the trials that each of some cells has at least."""
    return min(len(cell.values) for cell in cells)


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
