"""The rounds of one strategy as a run writes them, ready to be told."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING

from anml_fl.method.records import RoundRecord
from anml_fl.run.files import SUMMARY, TIMINGS
from anml_fl.run.typed_record import typed
from server.page.growing_lines import GrowingLines
from server.page.opening import piece, there
from server.page.rounds_file import RoundsFile
from server.tracking.tracked_round import tracked_round

if TYPE_CHECKING:
    from pathlib import Path

    from server.tracking.tracked_round import TrackedRound
    from server.tracking.tracked_run import TrackedRun


class _Seconds(GrowingLines):
    """The seconds of each round."""

    def __init__(self, folder: Path, strategy: str) -> None:
        super().__init__(folder, strategy, TIMINGS)
        self.forget()

    def forget(self) -> None:
        self.found: dict[int, float] = {}

    def take(self, file: int, start: int, length: int) -> None:
        try:
            line = json.loads(piece(file, start, length))
            self.found[int(line["round"])] = float(line["seconds"])
        except (ValueError, KeyError, TypeError):
            return  # told without: it is not worth a round


class StrategyRounds:
    """Follow a strategy's rounds.

    A line is written after its checkpoint and its settlement: what it says stays so, and after
    a crash it is said again in the same words.

    Parameters
    ----------
    run : TrackedRun
    strategy : str
    """

    def __init__(self, run: TrackedRun, strategy: str) -> None:
        self.strategy = strategy
        self._run = run
        self._rounds = RoundsFile(run.folder, strategy)
        self._seconds = _Seconds(run.folder, strategy)

    def catch_up(self) -> None:
        """Read what is new.

        Raises
        ------
        OSError
            If a file is there and cannot be read.
        ValueError
            If a line is no round's.
        """
        # Whether the run has ended first: what it wrote before is read after.
        ended = there(self._run.folder, SUMMARY) is not None
        self._seconds.catch_up()
        self._rounds.catch_up()
        self._seconds.catch_up()
        if fault := self._rounds.fault:
            raise ValueError(f"the rounds of {self.strategy} cannot be read: {fault}")
        # Its seconds are written last: before, the round is still being written down.
        self._known = [
            number for number in self._rounds.places if ended or number in self._seconds.found
        ]

    def after(self, number: int) -> list[int]:
        """List the rounds behind one, as of the last `catch_up`."""
        return sorted(one for one in self._known if one > number)

    def tracked(self, number: int) -> TrackedRound:
        """Read a round.

        Raises
        ------
        OSError, ValueError
            If it is not there any more, or no round.
        """
        line = self._rounds.line(number).decode()
        seconds = self._seconds.found
        record = replace(
            typed(RoundRecord.from_json(line)), seconds=seconds.get(number, math.nan)
        )
        pool = self._run.pool if self.strategy == self._run.lead else None
        elapsed = sum(took for one, took in seconds.items() if one <= number)
        return tracked_round(record, self._run.dials, pool, elapsed)
