"""Where a strategy has v, r and T from, as of when, and whether r moves by its rounds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from anml_fl.method.checks import number
from anml_fl.registry.instants import Reading
from anml_fl.registry.interface import ReputationRegistry
from anml_fl.registry.memory import InMemoryRegistry

if TYPE_CHECKING:
    from anml_fl.method.records import RoundRecord
    from anml_fl.registry.instants import At
    from anml_fl.registry.interface import Registry

# In years: the registry's clock knows nothing further from its zero.
_FARTHEST = 1e12


@dataclass(frozen=True, slots=True)
class SignalSource:
    """What is known of contributors beside their updates.

    Parameters
    ----------
    registry : Registry, optional
        Source of v, r, T; by default one that knows nobody (cold-start defaults).
    at : float, Reading or callable
        The instant at which the registry is asked, in years on its clock; or a function
        that gives it for a round, whose answer is checked before anyone trains. Where one
        lies before the last one, the round takes place right after that, and its note says
        so.
    reputation : bool
        Whether the registry is told what each round observed, so that r moves.
    run : str
        What the registry calls this run, in which it observes each round once. If empty,
        every start is a run of its own.

    Raises
    ------
    TypeError
        If reputation is to be earned in a registry where it cannot be, or a parameter is of
        another kind.
    """

    registry: Registry = field(default_factory=InMemoryRegistry)
    at: At = 0.0
    reputation: bool = False
    run: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.run, str):
            raise TypeError(f"run must be a text, got {self.run!r}")
        kind = type(self.registry).__name__
        if not hasattr(self.registry, "signals"):
            raise TypeError(f"a strategy needs a registry with a signals method, got {kind}")
        if self.reputation and not isinstance(self.registry, ReputationRegistry):
            raise TypeError(f"reputation needs a registry with an observe method, got {kind}")
        if not callable(self.at):
            _checked(self.at)

    def read(self, server_round: int) -> Reading:
        """Give the instant of a round, as it is read."""
        at = self.at(server_round) if callable(self.at) else self.at
        return _checked(at)

    def observe(self, record: RoundRecord, run: str = "") -> None:
        """Let reputations move by a round, if they do; the only place where they are moved."""
        if self.reputation and isinstance(self.registry, ReputationRegistry):
            self.registry.observe(run or self.run, record)


def _checked(at: Reading | float) -> Reading:
    years, note = at if isinstance(at, Reading) else Reading(at)
    return Reading(number("at", years, -_FARTHEST, _FARTHEST), note)
