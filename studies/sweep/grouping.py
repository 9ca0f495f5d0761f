"""How a sweep's plots part its settings, and what stands beside an axis."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from studies.sweep.results import Results, Under

LONGEST = 28
"""Characters of a value beside an axis."""


def parted(found: Results, first: int) -> dict[str, list[Under]]:
    """Part the conditions by the values of all axes but some first ones.

    Parameters
    ----------
    found : Results
    first : int
        How many axes a plot shows.

    Returns
    -------
    dict
        What the others are, in words, to the conditions.
    """
    groups: dict[str, list[Under]] = {}
    for one in found.under:
        title = ", ".join(
            f"{axis.name} = {value}"
            for axis, value in zip(
                found.plan.axes[first:], one.condition.values[first:], strict=True
            )
        )
        groups.setdefault(title, []).append(one)
    return groups


def strategy_names(members: Sequence[Under]) -> list[str]:
    """Name the strategies of some conditions, in their order."""
    return list(dict.fromkeys(of.strategy for one in members for of in one.scores))


def tested(members: Sequence[Under]) -> bool:
    """Whether any model of some conditions was tested."""
    return any(of.runs for one in members for of in one.scores)
