"""What figures are drawn from: one run's tables or several runs'."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anml_fl.run.reading import Run


class Source(Protocol):
    """Runs that repeat each other, or one."""

    def labelled(self) -> Mapping[str, Run]:
        """Give the runs by name."""

    def rounds(self) -> Any:
        """Give a row a strategy and round, as `anml_fl.run.frames.rounds` has it."""

    def weights(self) -> Any:
        """Give a row a strategy, round and contributor."""

    def contributors(self) -> Any:
        """Give a row a strategy and contributor."""


def first(source: Source) -> Run:
    """Give the run whose names and settings all have."""
    return next(iter(source.labelled().values()))


def chosen(source: Source, strategy: str) -> str:
    """Give a strategy of the runs: the one that pays, unless another is named.

    Raises
    ------
    ValueError
        If there is no such strategy.
    """
    names = [one.name for one in first(source).strategies]
    if not strategy:
        return first(source).lead.name
    if strategy not in names:
        raise ValueError(f"strategy must be one of {', '.join(names)}, got {strategy!r}")
    return strategy
