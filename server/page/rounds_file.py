"""The file of a strategy's rounds as it grows: where each line stands, and what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from anml_fl.run.files import ROUNDS
from server.page.growing_lines import GrowingLines
from server.page.opening import opened, piece
from server.page.short_round import short_round

if TYPE_CHECKING:
    from array import array
    from pathlib import Path

LONGEST_LINE = 1 << 26
"""Bytes of a round's line: a hundred thousand contributors, each with evidence, take fewer."""
MOST_CELLS = 4_000_000
"""Weights that are kept of a strategy, contributors times rounds; 16 MB."""


class Place(NamedTuple):
    """Where a round's line stands, and what it says of all.

    Parameters
    ----------
    start, length : int
        Of the line in the file, without its newline.
    fields : dict
        Of the round, without its contributors.
    names : tuple of str
        Of these, in their order.
    left_out, missing : int
        As in `ShortRound`.
    """

    start: int
    length: int
    fields: dict[str, Any]
    names: tuple[str, ...]
    left_out: int
    missing: int


class RoundsFile(GrowingLines):
    """One strategy's rounds.

    Parameters
    ----------
    folder : Path
        The run's.
    strategy : str
        Name of the folder in it.

    Attributes
    ----------
    places : dict
        Round to its place, in the file's order.
    weights : dict
        Round to its contributors' weights; of very many rounds evenly thinned out.
    fault : str
        Why a line could not be read, if one could not.
    times_begun : int
        How often the file was begun anew.
    """

    def __init__(self, folder: Path, strategy: str) -> None:
        super().__init__(folder, strategy, ROUNDS)
        self.strategy = strategy
        self.times_begun = 0
        self.forget()

    def forget(self) -> None:
        """Lose all rounds."""
        self.places: dict[int, Place] = {}
        self.weights: dict[int, array[float]] = {}
        self.fault, self.last, self._step = "", 0, 1
        self.times_begun += 1

    def take(self, file: int, start: int, length: int) -> None:
        """Keep a line's place; one that cannot be read is left out, and said to be."""
        if length > LONGEST_LINE:
            self.fault = f"a line has {length:,} bytes, more than {LONGEST_LINE:,}"
            return
        if not (line := piece(file, start, length).strip()):
            return
        before = self.places[self.last].names if self.last else ()
        try:
            found = short_round(line, before)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            self.fault = f"the line after round {self.last} is no round's ({error})"[:200]
            return
        number: int = found.fields["round"]
        self.places[number] = Place(
            start, length, found.fields, found.names, found.left_out, found.missing
        )
        self.last = number
        self._keep(number, found.weights)

    def line(self, number: int) -> bytes:
        """Read a round's line.

        Raises
        ------
        OSError
            If there is no such round, or it is not there any more.
        """
        if number not in self.places:
            raise FileNotFoundError(f"there is no round {number}")
        place = self.places[number]
        with opened(self.folder, *self.names) as file:
            found = piece(file, place.start, place.length)
        if len(found) < place.length:
            raise FileNotFoundError(f"round {number} was cut off")
        return found

    def _keep(self, number: int, weights: array[float]) -> None:
        if number % self._step:
            return
        self.weights[number] = weights
        while len(self.weights) > 1 and len(self.weights) * len(weights) > MOST_CELLS:
            self._step *= 2
            self.weights = {n: w for n, w in self.weights.items() if n % self._step == 0}
