"""The rounds whose reasons were asked for last: worked out once a line."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from anml_fl.method.records import RoundRecord
from anml_fl.run.typed_record import typed
from server.report.sure_reasons import SureReasons

if TYPE_CHECKING:
    from anml_fl.reasons.schemes import Dials
    from server.page.rounds_file import RoundsFile

MOST_KEPT = 40_000
"""Contributors of the rounds that are kept, each a kilobyte."""


class ToldRounds:
    """Reasons by round, of a run's strategies."""

    def __init__(self) -> None:
        self._kept: OrderedDict[object, SureReasons | None] = OrderedDict()

    def of(
        self, rounds: RoundsFile, number: int, line: bytes, dials: Dials | None
    ) -> SureReasons | None:
        """Tell of a round.

        Parameters
        ----------
        rounds : RoundsFile
        number : int
            Of the round.
        line : bytes
            What the file has of it.
        dials : Dials, optional
            As of `SureReasons`.

        Returns
        -------
        SureReasons or None
            None where the line is no record, as one that somebody altered.
        """
        place = rounds.places.get(number)
        key = (rounds.strategy, rounds.times_begun, place and place.start, number, dials)
        if key not in self._kept:
            self._kept[key] = _words(line.decode(errors="replace"), dials)
        self._kept.move_to_end(key)
        kept = sum(map(_size, self._kept.values()))
        while kept > MOST_KEPT and len(self._kept) > 1:
            kept -= _size(self._kept.popitem(last=False)[1])
        return self._kept[key]


def _size(words: SureReasons | None) -> int:
    return len(words.record.contributors) if words else 0


def _words(line: str, dials: Dials | None) -> SureReasons | None:
    try:
        found = SureReasons(typed(RoundRecord.from_json(line)), dials)
        # What all the reasons of a round are made of: if it stumbles, it does so here.
        for one in found.record.contributors[:1]:
            found.because(one.contributor)
    except (ValueError, KeyError, TypeError, ArithmeticError, RecursionError):
        return None
    return found
