"""A pre-aggregation: what is done with a round's updates before any rule sees them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.catalogue import UnusableError, shown_array, shown_kind
from strategies.cohort import Cohort
from strategies.context import Context
from strategies.usable import wrong_state, wrong_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Of what a row adds up to beside 1.
_ROUNDING = 1e-4


@dataclass(frozen=True, slots=True)
class Mixed:
    """The updates that a rule sees, and how they are made of the contributors' own: Y = A X.

    Parameters
    ----------
    updates : (m, d) array
        Y, floating-point numbers; finite.
    mixing : (m, n) or (n,) float64
        A >= 0, each row summing to at most 1; or its diagonal, where each contributor's update
        is only scaled. What a row lacks of 1 was clipped off.
    groups : (n,) int, optional
        The row that each contributor is in, where rows stand for several. If it is not given,
        row i is contributor i's.
    state : mapping
        Name to array: given again in the next round's `Context.state`.
    note : str, optional
    """

    updates: NDArray[Any]
    mixing: NDArray[np.float64]
    groups: NDArray[np.intp] | None = None
    state: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    note: str | None = None

    def of_rows(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Make the rows' numbers of the contributors': the mean by A, where rows are groups.

        Examples
        --------
        >>> pair = Mixed(np.ones((1, 1)), np.array([[0.5, 0.5]]), np.array([0, 0]))
        >>> pair.of_rows(np.array([0.2, 0.6]))
        array([0.4])
        """
        if self.groups is None:
            return values
        found: NDArray[np.float64] = self.mixing @ values / self.mixing.sum(axis=1)
        return found

    def shares(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Make the contributors' parts of the rows': A^T w, not divided by its sum.

        Examples
        --------
        >>> pair = Mixed(np.ones((1, 1)), np.array([[0.5, 0.5]]), np.array([0, 0]))
        >>> pair.shares(np.array([1.0]))
        array([0.5, 0.5])
        """
        a = self.mixing
        found: NDArray[np.float64] = a * weights if a.ndim == 1 else weights @ a
        return found


PreAggregation = Callable[[Cohort, Context], Mixed]
"""From a round's cohort and context to what the rule behind it is given."""


def scaled(
    cohort: Cohort, factors: NDArray[np.float64], updates: NDArray[Any] | None = None
) -> Mixed:
    """Say that each update is only scaled, by factors (n,) in [0, 1]."""
    wide = factors[:, None].astype(cohort.updates.dtype)
    return Mixed(cohort.updates * wide if updates is None else updates, factors)


def checked(mixed: object, name: str, cohort: Cohort) -> Mixed:
    """Refuse what no rule can be given.

    Parameters
    ----------
    mixed : object
        What the pre-aggregation gave.
    name : str
        Its name, for the message.
    cohort : Cohort
        What it was given.

    Raises
    ------
    UnusableError
        Naming the first thing that is wrong.
    """
    if not isinstance(mixed, Mixed):
        raise UnusableError(
            f"pre-aggregation {name!r} must return a strategies.pre_aggregation.Mixed, got"
            f" {shown_kind(mixed)}"
        )
    wrong = (
        _wrong(mixed, *cohort.rows.shape)
        or wrong_text("note", mixed.note)
        or wrong_state(mixed.state)
    )
    if wrong:
        raise UnusableError(f"pre-aggregation {name!r}: {wrong}")
    return mixed


def _wrong(mixed: Mixed, n: int, d: int) -> str | None:
    updates: Any = mixed.updates
    mixing: Any = mixed.mixing
    groups: Any = mixed.groups
    for what, value in (("updates", updates), ("mixing", mixing)):
        if not isinstance(value, np.ndarray) or value.dtype.kind != "f":
            got = shown_array(value)
            return f"{what} must be an array of floating-point numbers, got {got}"
        if not np.isfinite(value).all():
            return f"{what} must be finite"
    m = len(updates)
    if updates.shape != (m, d) or not m:
        return f"updates must have the shape (m, {d}), m >= 1, got {updates.shape}"
    if mixing.shape not in ((m, n), (n,)):
        return f"mixing must have the shape ({m}, {n}) or ({n},), got {mixing.shape}"
    if mixing.min() < 0:
        return f"mixing must be >= 0, got {mixing.min():g}"
    most = float((mixing if mixing.ndim == 1 else mixing.sum(axis=1)).max())
    if most > 1 + _ROUNDING:
        return f"no row of mixing may sum to more than 1, got {most:g}"
    if groups is None:
        return None if m == n else f"groups must be given: {m} rows are no {n} contributors'"
    if not isinstance(groups, np.ndarray) or groups.shape != (n,) or groups.dtype.kind != "i":
        return f"groups must be an array of {n} whole numbers, got {shown_array(groups)}"
    if not np.array_equal(np.unique(groups), np.arange(m)):
        return f"groups must be the rows from 0 to {m - 1}, none of them without a contributor"
    if mixing.ndim != 2 or not (mixing.sum(axis=1) > 0).all():
        return "mixing must be a matrix, and no row of it all zeros, where rows are groups"
    return None
