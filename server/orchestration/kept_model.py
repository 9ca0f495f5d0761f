"""Which of a strategy's models is kept, and whether a better one is still waited for."""

from __future__ import annotations

import math
from logging import INFO
from typing import TYPE_CHECKING, Any

from flwr.common.logger import log

from anml_fl.run.best_round import compared
from anml_fl.run.criterion import Criterion

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from anml_fl.method.records import RoundRecord
    from anml_fl.run.best_round import Stopping
    from anml_fl.run.checkpoint import Checkpoint
    from anml_fl.run.strategy_folder import StrategyFolder

    Arrays = Mapping[str, NDArray[Any]]


class KeptModel:
    """The best model so far, round by round; without patience the last one is.

    Parameters
    ----------
    folder : StrategyFolder
    stopping : Stopping

    Attributes
    ----------
    earlier : mapping
        Name to array: the best model, where an earlier round's is; else empty.
    """

    def __init__(self, folder: StrategyFolder, stopping: Stopping) -> None:
        self._folder, self._stopping = folder, stopping
        self._scores: list[float | None] = []
        self._best: Arrays = {}
        self.earlier: Arrays = {}

    def take_up(self, begun: Checkpoint) -> None:
        """Go on after a checkpoint's round, which is written down already."""
        self._scores = self._folder.scores(self._stopping)
        self.earlier = begun.best
        self._best = begun.best or begun.arrays

    def add(self, arrays: Arrays, record: RoundRecord, claim: float = math.nan) -> None:
        """Take a round's model into account.

        Parameters
        ----------
        arrays : mapping
            Name to array.
        record : RoundRecord
            With what the server found, if it tested the model.
        claim : float
            What the nodes claim, the median; nan if nobody was asked.
        """
        tested = Criterion(self._stopping.metric).score(record)
        self._scores.append(compared(record, claim if self._stopping.claimed else tested))
        if not self._stopping.patience:
            return
        if self._stopping.kept(self._scores) == len(self._scores):
            self._best = arrays
        self.earlier = {} if self._best is arrays else self._best
        if self.over and self.earlier:
            log(
                INFO,
                "no better model since round %d, which is kept",
                self._stopping.kept(self._scores),
            )

    @property
    def over(self) -> bool:
        """Whether training has ended."""
        return self._stopping.last(self._scores) is not None
