"""What a strategy tells of its run, so that it can be kept, and gone on with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from anml_fl.system import import_path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    from flwr.app import ArrayRecord
    from numpy.typing import NDArray

    from anml_fl.method.records import RoundRecord
    from strategies.claims import Claims
    from strategies.round import Round
    from strategies.rule import Rule
    from strategies.signal_source import SignalSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run is going to be, as far as its strategy knows.

    Parameters
    ----------
    rule : Rule
    signals : SignalSource
    min_replies : float
        Least share of valid replies.
    arrays : ArrayRecord
        The model that the app begins with.
    rounds : int
    timeout : float
        Seconds that a round waits for replies.
    decisive : mapping
        What else changes its decisions, as of `strategies.decisive`.
    seed : int
        By which contributors are drawn.
    """

    rule: Rule
    signals: SignalSource
    min_replies: float
    arrays: ArrayRecord
    rounds: int
    timeout: float
    decisive: Mapping[str, str]
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """Where a run begins, or goes on.

    Parameters
    ----------
    arrays : ArrayRecord
        The model: the app's own, or that of the last round that was kept.
    run : str
        What the registry calls the run.
    records : sequence of RoundRecord
        Of the rounds that were done before.
    state : mapping
        What the rule kept of them.
    seed : int, optional
        By which it began to draw contributors.
    """

    arrays: ArrayRecord
    run: str
    records: Sequence[RoundRecord] = ()
    state: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    seed: int | None = None

    @property
    def changed(self) -> bool:
        """Whether a round that was done before changed the model."""
        return any(one.selected for record in self.records for one in record.contributors)


class RunLog(Protocol):
    """Keeps a run, round by round."""

    def running(self, plan: Plan) -> AbstractContextManager[Begun]:
        """Open the run, and close it when the block ends; after an error it can go on."""

    def claimed(self, server_round: int, claims: Claims) -> None:
        """Keep what contributors say of a round's model, before the round is added."""

    def add(self, done: Round) -> None:
        """Keep a round for good, and let reputations move by it."""


def kept_in(options: dict[str, Any]) -> RunLog | None:
    """Take the options out that say whether and where a run is kept.

    Parameters
    ----------
    options : dict
        Of a strategy; `save`, `pool` and `record_updates` are removed from it.

    Raises
    ------
    TypeError
        If there is no folder for what else is asked for.
    ValueError
        If one of them cannot be used.
    ImportError
        If a module of the app's own is in the place of one of our packages; it names both.
    """
    names = ("save", "pool", "record_updates")
    given = {name: options.pop(name) for name in names if name in options}
    if given.get("save") is None:
        given.pop("save", None)
        if given:
            raise TypeError(f"{next(iter(given))} is of a run that is kept: give save, too")
        return None
    # The third composition root, beside the command line and `anml_fl.execution`: whoever
    # asks for a run's folder gets the server's way of writing one, and nobody else loads it.
    try:
        from server.orchestration.app_run import AppRun  # noqa: PLC0415
    except ImportError as error:
        raise import_path.explained(error, "save: what keeps a run") from error
    return AppRun(**given)
