"""The records that a ledger's rounds stand for, and what weights depend on beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError

from anml_fl.method.records import RoundRecord
from anml_fl.reasons.round_reasons import RoundReasons
from anml_fl.run.dials import dials_of
from anml_fl.run.difference import DifferenceError
from anml_fl.run.files import CONFIG, ROUNDS
from anml_fl.run.round_audit import check_record, rounds_of
from anml_fl.run.signed_settings import folder_name, signed_settings
from anml_fl.run.typed_record import typed
from anml_fl.system.untrusted_text import explained

if TYPE_CHECKING:
    from pathlib import Path

    from anml_fl.ledger.entry import Fields
    from anml_fl.reasons.schemes import Dials


@dataclass(frozen=True, slots=True, eq=False)
class Records:
    """The rounds of the strategy that pays, a line each.

    Parameters
    ----------
    name : str
        Of their file, from the run's folder on.
    lines : list of bytes
        Without their newlines.
    dials : Dials
        The run's settings that weights depend on, as they were signed.
    """

    name: str
    lines: list[bytes]
    dials: Dials

    @classmethod
    def of(cls, run: Path, opened: Fields) -> Records:
        """Read them from a run's folder.

        Parameters
        ----------
        run : Path
        opened : dict
            The open entry of its ledger, which was verified.

        Raises
        ------
        DifferenceError
            If a file is missing, or the settings are others than were signed.
        OSError, ValueError
            If a file cannot be read, or a setting is none.
        """
        strategy = folder_name(opened["strategy"])
        if missing := missing_files(run, strategy):
            raise DifferenceError(f"{missing[0]} is missing")
        config = signed_settings(run, opened)
        # Part of a last line is a write under way; whether too few are there, each round says.
        lines = rounds_of(run, strategy, unfinished=True)
        return cls(f"{strategy}/{ROUNDS}", lines, dials_of(config, run / CONFIG))

    def reasons(self, entry: Fields, pool: int) -> RoundReasons:
        """Tell why everybody of a round got its weight.

        Parameters
        ----------
        entry : dict
            The round's.
        pool : int
            Micro-units for each round.

        Raises
        ------
        DifferenceError
            If the record is missing, or not the one that was signed.
        """
        number = entry["round"]
        place = f"{self.name}, round {number}"
        if number > len(self.lines):
            raise DifferenceError(f"{place}: it is missing, and was settled")
        line = self.lines[number - 1]
        check_record(place, line, entry, pool)
        try:
            record = typed(RoundRecord.from_json(line.decode()))
        except ValidationError as error:
            raise DifferenceError(f"{place}: {explained(error)}") from error
        return RoundReasons(record, self.dials)


def missing_files(run: Path, strategy: str) -> list[str]:
    """Name the files that reasons follow from and that are not in a run's folder.

    Parameters
    ----------
    run : Path
    strategy : str
        That pays.

    Returns
    -------
    list of str
        What is no file, such as a pipe, is not there.
    """
    names = (CONFIG, f"{strategy}/{ROUNDS}")
    return [name for name in names if not (run / name).is_file()]
