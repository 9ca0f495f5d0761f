"""A finished run, or several, as data: what `anml_fl.load_run` and `load_runs` give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from anml_fl.method.records import RoundRecord
from anml_fl.run import reading
from anml_fl.run.files import CONFIG, SUMMARY
from anml_fl.run.kept_run import KeptRun
from anml_fl.run.no_run import no_run
from anml_fl.run.tables import Tables

if TYPE_CHECKING:
    from collections.abc import Iterable

    from anml_fl.run.parsing import Parse
    from anml_fl.run.verification import Verification


@dataclass(frozen=True, slots=True)
class RunResults(KeptRun, Tables):
    """A finished run, with its tables and figures.

    Parameters
    ----------
    folder : Path
        Where it was read from.

    Examples
    --------
    >>> from anml_fl import federate
    >>> import numpy as np
    >>> from tempfile import TemporaryDirectory
    >>> x = np.random.default_rng(0).normal(size=(120, 3))
    >>> with TemporaryDirectory() as folder:
    ...     run = federate(
    ...         x, x[:, 0] > 0, by=np.repeat(["a", "b", "c", "d"], 30), out=folder,
    ...         strategies="fedavg", rounds=5,
    ...     )
    ...     run.verified
    True
    >>> rounds = run.rounds("pandas")
    >>> len(rounds), bool(rounds.test_error.iloc[-1] < 0.3)
    (5, True)
    """

    @property
    def label(self) -> str:
        """What the column `run` calls it: the name of its folder."""
        return self.folder.resolve().name

    def labelled(self) -> Mapping[str, RunResults]:
        """Give it alone, by its label."""
        return {self.label: self}

    @property
    def verified(self) -> bool:
        """Whether the folder, as it is now, is what its ledger says."""
        return not self.verification().warning

    def verification(self) -> Verification:
        """Check the folder, as it is now, against its ledger, with the public key in it.

        Returns
        -------
        Verification
            Its `warning` names the first thing that does not fit; "" if all does.
        """
        # Not before: half a second for whoever wants tables alone.
        from anml_fl.run.verification import verify_run  # noqa: PLC0415

        return verify_run(self.folder)


@dataclass(frozen=True, slots=True)
class RunCollection(Tables):
    """Several runs; their tables stand below each other, in order.

    Parameters
    ----------
    runs : tuple of RunResults
        At least one.
    """

    runs: tuple[RunResults, ...]

    def labelled(self) -> Mapping[str, RunResults]:
        """Give the runs by their folders' names, or by their whole paths where these clash."""
        names = [run.label for run in self.runs]
        if len({*names}) < len(names):
            names = [str(run.folder) for run in self.runs]
        return dict(zip(names, self.runs, strict=True))

    @property
    def verified(self) -> bool:
        """Whether each folder, as it is now, is what its ledger says."""
        return all(run.verified for run in self.runs)


def load_run(folder: str | Path, parse: Parse = RoundRecord.from_json) -> RunResults:
    """Read a finished run's folder.

    A run that does not fit its ledger is read all the same: ask `verified`.

    Parameters
    ----------
    folder : str or Path
        As `anml run` makes them, such as "runs/default".
    parse : callable
        Reads a round's line; for programs that have read the same rounds.

    Raises
    ------
    FileNotFoundError
        If it is no run's folder, or the run has not come to its end.
    ValueError
        If a file says something else than it should; the message names file and place.
    """
    where = Path(folder)
    if not (where / CONFIG).is_file():
        raise FileNotFoundError(no_run(where))
    if not (where / SUMMARY).is_file():
        raise FileNotFoundError(
            f"{where} has not come to its end: it has no {SUMMARY} yet; `anml explain` and"
            " `anml page` tell of a run that goes on, and the command that began it finishes"
            " one that was interrupted"
        )
    run = reading.load_run(where, parse)
    given = {one.name: getattr(run, one.name) for one in fields(run) if one.init}
    return RunResults(**given, folder=where)


def load_runs(folders: Iterable[str | Path]) -> RunCollection:
    """Read several runs, for tables of all and figures over repeats.

    Parameters
    ----------
    folders : iterable of str or Path
        In the order that their rows are to have.

    Raises
    ------
    FileNotFoundError, ValueError
        As `load_run`; and if no folder is given, or one twice.
    """
    where = [Path(one) for one in folders]
    if not where:
        raise ValueError("folders must name at least one run, got none")
    seen: set[Path] = set()
    for one in where:
        if one.resolve() in seen:
            raise ValueError(f"folders must name each run once, got {one} twice")
        seen.add(one.resolve())
    return RunCollection(tuple(load_run(one) for one in where))
