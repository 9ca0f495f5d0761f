"""Telling one tracker of one run: what it lacks, in the rounds' order, and nothing twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.run.files import SUMMARY
from server.orchestration.run_folder import hold
from server.page.opening import there
from server.tracking.enclosed import enclosed
from server.tracking.names import plain_name
from server.tracking.run_mark import TRACKING
from server.tracking.strategy_rounds import StrategyRounds
from server.tracking.tracked_run import ledger_head, read_run
from server.tracking.tracker import Ending

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from server.tracking.asked import Asked
    from server.tracking.tracker import Tracker


class Sending:
    """Tell a tracker of a run, which may go on; a context, at whose end the tracker is closed.

    Parameters
    ----------
    folder : Path
        The run's, which has begun.
    asked : Asked
    """

    def __init__(self, folder: Path, asked: Asked) -> None:
        self._folder, self._asked = folder, asked
        self._tracker: Tracker | None = None
        self._rounds: list[StrategyRounds] = []
        self._sent: dict[str, int] = {}
        self.told = 0

    def __enter__(self) -> Self:
        """Nothing is opened before there is something to tell."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the tracker."""
        self.close()

    def catch_up(self) -> None:
        """Tell of every round that the tracker lacks.

        Raises
        ------
        Exception
            Whatever the tracker raises, and what `read_run` and `StrategyRounds` do. What was
            told stays told.
        """
        tracker = self._opened()
        # The last strategy's first: what an earlier one wrote before it is known then, too.
        for rounds in reversed(self._rounds):
            rounds.catch_up()
        for rounds in self._rounds:
            name = rounds.strategy
            if not rounds.after(0):
                continue
            if name not in self._sent:
                self._sent[name] = tracker.last(name)
            for number in rounds.after(self._sent[name]):
                tracker.log(rounds.tracked(number))
                self._sent[name] = number
                self.told += 1

    def conclude(self) -> bool:
        """Tell how a run ended, and whether it has come to its end.

        Raises
        ------
        Exception
            As of `catch_up`, which comes first.
        """
        if there(self._folder, SUMMARY) is None:
            return False
        tracker = self._opened()
        for rounds in self._rounds:
            pays = rounds.strategy == read_run(self._folder).lead
            if not (numbers := rounds.after(0)):
                continue
            tracker.conclude(
                Ending(
                    strategy=rounds.strategy,
                    last=rounds.tracked(numbers[-1]),
                    head=ledger_head(self._folder) if pays else "",
                    files=enclosed(self._folder, rounds.strategy, pays=pays),
                )
            )
        return True

    def close(self) -> None:
        """Close the tracker; it is opened again where there is more to tell."""
        tracker, self._tracker = self._tracker, None
        self._rounds, self._sent = [], {}
        if tracker is not None:
            tracker.close()

    def _opened(self) -> Tracker:
        if self._tracker is None:
            run = read_run(self._folder)
            self._tracker = self._asked.kind().opens(run, self._asked.where)
            self._rounds = [StrategyRounds(run, name) for name in run.strategies]
        return self._tracker


def send(folder: Path, asked: Asked) -> tuple[int, bool]:
    """Tell a tracker of what there is of a run.

    Returns
    -------
    tuple
        Rounds that it was told of now, and whether the run has come to its end.

    Raises
    ------
    ConfigError
        If another process is telling the same tracker of it.
    Exception
        As of `Sending.catch_up`.
    """
    with telling(folder, asked), Sending(folder, asked) as sending:
        sending.catch_up()
        return sending.told, sending.conclude()


def telling(folder: Path, asked: Asked) -> AbstractContextManager[None]:
    """Keep every other process from telling the same tracker of a run meanwhile."""
    return hold(folder / TRACKING, f".{plain_name(asked.text)}.lock")
