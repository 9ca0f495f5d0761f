"""One strategy's part of a run's folder: rounds, checkpoint, updates, model."""

from __future__ import annotations

import json
import logging
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError
from safetensors.numpy import load_file

from anml_fl.method.records import RoundRecord
from anml_fl.run.arrays import save_arrays
from anml_fl.run.best_round import compared
from anml_fl.run.checkpoint import CheckpointError, cut, load_checkpoint
from anml_fl.run.claims import load_claims
from anml_fl.run.criterion import Criterion
from anml_fl.run.files import CHECKPOINT, CLAIMS, MODEL, PREVIOUS, ROUNDS, TIMINGS, UPDATES
from anml_fl.run.growing_file import GrowingFile
from anml_fl.run.parsing import Parse
from anml_fl.run.strategy_results import strategy_results
from anml_fl.system.files import make_folder, read_text, sync_folder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from anml_fl.run.best_round import Stopping
    from anml_fl.run.checkpoint import Checkpoint, Written
    from anml_fl.run.schema import StrategySummary

# Flower's, where everything else that a run says goes.
_log = logging.getLogger("flwr")


@dataclass(frozen=True, slots=True)
class StrategyFolder:
    """One strategy's part of a run's folder; the model is written last.

    Parameters
    ----------
    path : Path
    parse : callable
        Reads a round's line; `parsed_once()` where others read the same rounds.
    """

    path: Path
    parse: Parse = field(default=RoundRecord.from_json, repr=False, compare=False)
    _growing: dict[Path, GrowingFile] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def finished(self, stopping: Stopping) -> bool:
        """Whether the strategy ran to its end, and all that it wrote can be read."""
        try:
            load_file(self.path / MODEL)
            numbers = [record.round for record in self.records()]
            timed = [timing["round"] for timing in self._timings()]
            over = stopping.over(self.scores(stopping))
        except (OSError, ValueError, KeyError, TypeError, SafetensorError):
            return False
        return over and numbers == timed == list(range(1, len(numbers) + 1))

    def records(self) -> list[RoundRecord]:
        """Read the rounds."""
        return [self.parse(line) for line in _lines(self.rounds)]

    def scores(self, stopping: Stopping) -> list[float | None]:
        """Read by what each round's model is compared: the server's word, or the nodes'.

        Returns
        -------
        list of float or None
            As many as there are rounds; nan where there is no score, None where there is no
            new model.

        Raises
        ------
        ValueError, KeyError, TypeError
            If a file is damaged.
        """
        return self._scores(self.records(), stopping)

    def _scores(
        self, records: Sequence[RoundRecord], stopping: Stopping
    ) -> list[float | None]:
        if not stopping.claimed:
            criterion = Criterion(stopping.metric)
            return [compared(record, criterion.score(record)) for record in records]
        medians = {one.round: one.median for one in load_claims(self.path)}
        return [compared(one, medians.get(one.round, math.nan)) for one in records]

    def claimed(self, number: int) -> float | None:
        """Read the median of what nodes claim of a round's model; None if there is none.

        Raises
        ------
        ValueError
            If a line is damaged.
        """
        of_round = [one.median for one in load_claims(self.path) if one.round == number]
        return next(filter(math.isfinite, of_round), None)

    def _timings(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in _lines(self.timings)]

    @property
    def rounds(self) -> Path:
        """The file of the rounds' records."""
        return self.path / ROUNDS

    @property
    def timings(self) -> Path:
        """The file of the rounds' seconds."""
        return self.path / TIMINGS

    def begun(self) -> bool:
        """Whether there is a checkpoint, whole or not."""
        return any((self.path / name).exists() for name in (CHECKPOINT, PREVIOUS))

    def resume(self, run: str) -> Checkpoint | None:
        """Read the last good checkpoint, and bring the files to where they were before it.

        Parameters
        ----------
        run : str
            The run that it must be of.

        Returns
        -------
        Checkpoint or None
            None if no round was kept yet.

        Raises
        ------
        CheckpointError
            If none that is there can be gone on from.
        """
        damaged: list[str] = []
        for name in (CHECKPOINT, PREVIOUS):
            try:
                found = load_checkpoint(self.path / name, run)
                for file, written in (
                    (self.rounds, found.rounds),
                    (self.timings, found.timings),
                ):
                    cut(file, written)
            except FileNotFoundError:
                continue
            except CheckpointError as error:
                damaged.append(str(error))
                continue
            if damaged:
                _log.warning("%s: going on after round %d", damaged[0], found.record.round)
            return found
        if damaged:
            raise CheckpointError(
                f"{'; '.join(damaged)}. Bring {self.path} back from a backup; or remove it,"
                " and the strategy begins at round 1"
            )
        self.clear()
        return None

    def clear(self) -> None:
        """Start anew; only what a run writes is removed."""
        make_folder(self.path)
        for name in (CHECKPOINT, PREVIOUS, MODEL, ROUNDS, TIMINGS, CLAIMS):
            (self.path / name).unlink(missing_ok=True)
        for path in (self.path / UPDATES).glob("*.safetensors"):
            path.unlink()
        sync_folder(self.path)

    def append(self, record: RoundRecord, line: str | None = None) -> None:
        """Add one round, for good: the next checkpoint holds the hash of what is there.

        Wall-clock time goes into a file of its own: see the ADR.

        Parameters
        ----------
        record : RoundRecord
        line : str, optional
            What `record.to_json()` gives, where it was written already.
        """
        self._file(self.rounds).append(record.to_json() if line is None else line)
        timing = {"round": record.round, "seconds": record.seconds}
        self._file(self.timings).append(json.dumps(timing))

    def written(self) -> tuple[Written, Written]:
        """Measure the files of the rounds' records and of their seconds, for a checkpoint."""
        return self._file(self.rounds).written(), self._file(self.timings).written()

    def _file(self, path: Path) -> GrowingFile:
        if path not in self._growing:
            self._growing[path] = GrowingFile(path)
        return self._growing[path]

    def finish(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Save the final model, and with it the strategy's end: all else is safe by then."""
        save_arrays(arrays, self.path / MODEL)
        self.tidy()

    def tidy(self) -> None:
        """Remove what is of no use after the end, and may be left by a crash."""
        for name in (CHECKPOINT, PREVIOUS):
            (self.path / name).unlink(missing_ok=True)
        for folder in (self.path, self.path / UPDATES):
            for path in folder.glob("*.partial"):
                path.unlink()

    def summary(self, behaviours: Mapping[str, str], stopping: Stopping) -> StrategySummary:
        """Sum the strategy's rounds up, given each contributor's behaviour."""
        seconds = round(sum(timing["seconds"] for timing in self._timings()), 3)
        records = self.records()
        best = stopping.best(self._scores(records, stopping))
        claimed = self.claimed(best or len(records))
        return strategy_results(records, behaviours, seconds, best, claimed)


def _lines(path: Path) -> list[str]:
    # Not splitlines(): it would also cut at U+2028, which JSON strings may hold.
    *lines, rest = read_text(path).split("\n")
    return [*lines, rest] if rest else lines
