"""What a tracker is: told of rounds in their order, and asked which one was the last."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from server.tracking.tracked_round import TrackedRound
from server.tracking.tracked_run import TrackedRun


@dataclass(frozen=True, slots=True)
class Ending:
    """How a strategy of a run that came to its end is told of.

    Parameters
    ----------
    strategy : str
    last : TrackedRound
        Its last round.
    head : str
        Hash of the ledger's last entry; "" of a strategy that pays nobody.
    files : sequence of Path
        What a tracker that keeps files may be given.
    """

    strategy: str
    last: TrackedRound
    head: str
    files: Sequence[Path]


class Tracker(Protocol):
    """Where rounds of one run go. Whatever it raises harms the run in no way.

    A round is told of once it is safe in the run's folder; after a stop it is asked again
    which was the last that it has, and told of those behind it.
    """

    def last(self, strategy: str) -> int:
        """Say which round is the last that it has whole, from 1; 0 for none."""

    def log(self, one: TrackedRound) -> None:
        """Take a round, the one after the last."""

    def conclude(self, ending: Ending) -> None:
        """Take how a strategy ended. Once more changes nothing."""

    def close(self) -> None:
        """Let go of what is held. The run may go on later."""


Open = Callable[[TrackedRun, str], Tracker]
"""From a run and where to, "" for the tracker's own default, to what takes its rounds."""


@dataclass(frozen=True, slots=True)
class TrackerKind:
    """A tracker, before any run is told to it.

    Parameters
    ----------
    opens : callable
        Opens it; imports what it needs.
    place : str
        What may follow its name and "=", for people.
    package : str
        The package that it needs, which is imported by the same name; "" for none.
    extra : str
        Of this project, which brings it.
    """

    opens: Open
    place: str
    package: str = ""
    extra: str = ""
