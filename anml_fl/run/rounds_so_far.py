"""The rounds of a run that may still go on: what reasons are told of."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from anml_fl.method.records import RoundRecord
from anml_fl.run.dials import dials_of
from anml_fl.run.files import CONFIG, ROUNDS, SUMMARY
from anml_fl.run.no_run import no_run
from anml_fl.run.typed_record import typed
from anml_fl.settings.run import settling_of
from anml_fl.system.files import read_text
from anml_fl.system.untrusted_text import explained

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anml_fl.reasons.schemes import Dials
    from anml_fl.run.parsing import Parse


@dataclass(frozen=True, slots=True)
class RoundsSoFar:
    """A run's folder, whether it came to its end or not.

    Parameters
    ----------
    folder : Path
    strategies : tuple of str
        As its settings name them, at least one; some may not have begun.
    dials : Dials
        The settings that weights depend on.
    """

    folder: Path
    strategies: tuple[str, ...]
    dials: Dials

    @property
    def lead(self) -> str:
        """The strategy that pays."""
        return settling_of(self.strategies)

    @property
    def begun(self) -> tuple[str, ...]:
        """Strategies that have rounds."""
        return tuple(one for one in self.strategies if (self.folder / one / ROUNDS).is_file())

    def records(
        self, strategy: str, parse: Parse = RoundRecord.from_json
    ) -> tuple[RoundRecord, ...]:
        """Read a strategy's rounds, in their order; none where it has not begun.

        Parameters
        ----------
        strategy : str
            One of `strategies`.
        parse : callable
            Reads a round's line; `parsed_once()` where others read the same rounds.

        Raises
        ------
        OSError, ValueError
            If the file cannot be read, or holds anything but rounds; the message names file
            and line.
        """
        if strategy not in self.begun:
            return ()
        found: dict[int, RoundRecord] = {}
        for place, line in self._lines(self.folder / strategy / ROUNDS):
            try:
                record = typed(parse(line))
            except ValidationError as error:
                raise ValueError(f"{place}: {explained(error)}") from error
            except ValueError as error:
                raise ValueError(f"{place}: {error}") from error
            if record.round in found:
                raise ValueError(f"{place}: round {record.round} appears twice")
            named = [person.contributor for person in record.contributors]
            if len({*named}) < len(named):
                twice = next(name for name in named if named.count(name) > 1)
                raise ValueError(f"{place}: contributor {twice!r} appears twice")
            found[record.round] = record
        return tuple(found[number] for number in sorted(found))

    def _lines(self, path: Path) -> Iterator[tuple[str, str]]:
        # Not splitlines(): it would also cut at U+2028, which JSON strings may hold.
        *lines, rest = read_text(path).split("\n")
        # Of a run that goes on the last line may be under way.
        whole = [*lines, rest] if (self.folder / SUMMARY).exists() else lines
        for number, line in enumerate(whole, start=1):
            if line.strip():
                yield f"{path} line {number}", line


def rounds_so_far(folder: Path) -> RoundsSoFar:
    """Open a run's folder by its settings.

    Raises
    ------
    FileNotFoundError
        If it is not a run's folder.
    OSError, ValueError
        If the settings cannot be read; the message names the file.
    """
    path = folder / CONFIG
    try:
        text = read_text(path)
    except FileNotFoundError as error:
        raise FileNotFoundError(no_run(folder)) from error
    dials = dials_of(text, path)
    names = tomllib.loads(text).get("strategies")
    if not isinstance(names, list) or not names:
        raise ValueError(f"{path}: strategies must be a list of names, got {names!r}")
    for name in names:
        # The name is a folder: "../other" would read a file of somebody else.
        plain = isinstance(name, str) and name not in ("", "..") and "\0" not in name
        if not plain or Path(name).name != name:
            raise ValueError(f"{path}: strategy {name!r} must be a plain folder name")
    return RoundsSoFar(folder, tuple(names), dials)
