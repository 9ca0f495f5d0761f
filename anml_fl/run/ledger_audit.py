"""Check a run's folder against its ledger: all of it, up to the first thing that differs.

What the ledger's form binds is in ADR 17. Needed are the folder and the signer's public key.
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anml_fl.ledger.decisions import DecisionError
from anml_fl.ledger.grammar import LONGEST_LINE
from anml_fl.ledger.short_entry import without_people
from anml_fl.ledger.verify import read_lines, verify_file
from anml_fl.registry.keys import public_key
from anml_fl.run.best_round import Stopping
from anml_fl.run.bound_files import bound_files, files_if_there
from anml_fl.run.decided import decided
from anml_fl.run.difference import DifferenceError, check_hash, content_of
from anml_fl.run.files import (
    ATTRIBUTION,
    CONFIG,
    DEPLOYMENT,
    ERROR,
    HOLDING,
    LEDGER,
    MANIFEST,
    MODEL,
    PUBLIC_KEY,
    REPORT,
    ROUNDS,
    SCHEMA,
    STATISTICS,
    SUMMARY,
    SWEEP,
    TIMINGS,
    UPDATES,
    WORTH,
)
from anml_fl.run.holding_file import load_holding
from anml_fl.run.no_run import no_run
from anml_fl.run.parsing import parsed_once
from anml_fl.run.round_audit import (
    check_model,
    check_no_more_files,
    check_rounds,
    kept_round,
    rounds_of,
)
from anml_fl.run.signed_settings import folder_name, signed_settings
from anml_fl.run.strategy_folder import StrategyFolder
from anml_fl.run.summary_audit import check_summary

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from anml_fl.ledger.entry import Fields
    from anml_fl.ledger.verify import Verdict
    from anml_fl.run.decided import Decided
    from anml_fl.run.parsing import Parse

_NEVER_BOUND = (
    MANIFEST,
    f"{TIMINGS} and all seconds",
    REPORT,
    DEPLOYMENT,
    ERROR,
    f"the values in {ATTRIBUTION}",
)


class UnfinishedError(ValueError):
    """A run fits its ledger as far as it goes, and has not come to its end."""


@dataclass(frozen=True, slots=True)
class Audit:
    """What a run's folder was found to be.

    Parameters
    ----------
    verdict : Verdict
        On the ledger alone.
    key : str
        The public key that it was checked with, 64 hexadecimal digits.
    difference : str, optional
        The first thing that does not fit, in a sentence that begins with its file; None if
        all does.
    decided : Decided, optional
        What became of rounds that were held; None if the ledger is bad.
    """

    verdict: Verdict
    key: str
    difference: str | None = None
    decided: Decided | None = None

    @property
    def ok(self) -> bool:
        """Whether the run is what its ledger says."""
        return self.difference is None

    @property
    def bound(self) -> bool:
        """Whether the ledger stands for all of the run, and not for payouts alone."""
        opened = self.verdict.chain.opened
        return opened is not None and opened.bound

    @property
    def payouts(self) -> dict[str, int]:
        """Micro-units that the ledger's rounds paid, by contributor; none if it is bad.

        Rounds that were held and released later are not among them.
        """
        if not self.verdict.ok:
            return {}
        return {json.loads(name): paid for name, paid in self.verdict.chain.totals.items()}

    def unbound(self) -> str:
        """List what the ledger does not stand for, so that anybody may have altered it."""
        more: tuple[str, ...] = ()
        if not self.bound:
            more = ("errors", "updates", "strategies that pay nobody", "holdings")
        elif not self.verdict.chain.closed:
            more = ("strategies that pay nobody",)
        return ", ".join((*more, *_NEVER_BOUND))


def audit(
    run: Path,
    key: Ed25519PublicKey | None = None,
    *,
    unfinished: bool = False,
    strangers: bool = False,
    parse: Parse | None = None,
) -> Audit:
    """Check a run's folder against its ledger.

    Parameters
    ----------
    run : Path
        The run's folder.
    key : Ed25519PublicKey, optional
        The signer's. Default: the one in the folder, which proves that the folder is of one
        piece, and not who made it.
    unfinished : bool
        Accept a run that still goes on.
    strangers : bool
        Accept files in a strategy's folder that are none of the run's.
    parse : callable, optional
        What reads a round's line elsewhere too; from `parsed_once`.

    Raises
    ------
    FileNotFoundError
        If there is no ledger, or no key.
    UnfinishedError
        If all fits and the run has not come to its end, unless that is accepted. A run whose
        last lines and summary were taken away looks the same.
    OSError, ValueError
        If a file cannot be read, or the folder's key is none.
    """
    begun = (run / CONFIG).is_file() and not (run / SUMMARY).exists()
    if begun and not (run / LEDGER).exists():
        raise FileNotFoundError(
            f"{run} was interrupted before its first round was settled, so it has no {LEDGER}"
            " to be checked against: it goes on by the command that began it (`anml run` with"
            " the same settings), one of `anml up` by `anml resume`"
        )
    if (run / SWEEP).is_file():
        raise FileNotFoundError(no_run(run))
    if not (run / LEDGER).is_file():
        raise FileNotFoundError(
            f"{run} has no {LEDGER}: there is nothing to check what it says against"
        )
    if key is None and not (run / PUBLIC_KEY).is_file():
        raise FileNotFoundError(
            f"{run / PUBLIC_KEY} is not there: give the server's public key with --key"
        )
    given, key = key, key or public_key(run / PUBLIC_KEY)
    # Written after the close: a run with a summary has a ledger that was closed.
    ended = (run / SUMMARY).exists()
    lines = _rounds_before_their_entries(run)
    verdict = verify_file(run / LEDGER, key, unfinished=not ended)
    difference, became = None, None
    try:
        if not verdict.ok:
            raise DifferenceError(f"{LEDGER}: {verdict}")
        became = _decided(run, verdict, key)
        if given is not None:
            _check_key(run, given)
        parse = parse or parsed_once()
        try:
            short = _entries(run, verdict, without_people)
            wanted = _check(run, short, lines, parse, strangers=strangers)
        except DifferenceError:
            # What differs, the whole entries say.
            whole = _entries(run, verdict, json.loads)
            wanted = _check(run, whole, lines, parse, strangers=strangers)
        if not (unfinished or verdict.chain.closed):
            raise UnfinishedError(
                f"{run} has not come to its end ({verdict.chain.rounds} of {wanted} rounds are"
                " settled): it still goes on, was interrupted, or lacks its last lines;"
                " `anml verify --open` checks what is there"
            )
    except DifferenceError as error:
        difference = str(error)
    return Audit(verdict, key.public_bytes_raw().hex(), difference, became)


def _entries(run: Path, verdict: Verdict, read: Callable[[bytes], Fields]) -> list[Fields]:
    return [read(line) for line in islice(read_lines(run / LEDGER), verdict.chain.entries)]


def _rounds_before_their_entries(run: Path) -> list[bytes]:
    """Read the rounds first: of a run that goes on, each of them was settled by then."""
    with (run / LEDGER).open("rb") as file:
        line = file.readline(LONGEST_LINE)
    try:
        return rounds_of(run, folder_name(json.loads(line)["strategy"]), unfinished=True)
    except (ValueError, KeyError, TypeError, RecursionError):
        return []  # the ledger is bad, and will be found to be


def _decided(run: Path, verdict: Verdict, key: Ed25519PublicKey) -> Decided:
    """Check what became of held rounds, and that the ledger holds by the bound it says."""
    opened = verdict.chain.opened
    signed = opened.holding if opened else None
    try:
        said = load_holding(run)
    except ValueError as error:
        raise DifferenceError(str(error).replace(f"{run}/", "")) from error
    if (said and said.fields()) != (json.loads(signed) if signed else None):
        raise DifferenceError(f"{HOLDING} is not the one by which {LEDGER} holds rounds")
    try:
        return decided(run / LEDGER, verdict.chain, key)
    except DecisionError as error:
        raise DifferenceError(str(error)) from error


def _check_key(run: Path, given: Ed25519PublicKey) -> None:
    path = run / PUBLIC_KEY
    if not path.exists():
        return
    try:
        same = public_key(path).public_bytes_raw() == given.public_bytes_raw()
    except ValueError:
        same = False
    if not same:
        raise DifferenceError(f"{PUBLIC_KEY} is not the key that was given")


def _check(
    run: Path, entries: list[Fields], lines: Sequence[bytes], parse: Parse, *, strangers: bool
) -> object:
    """Compare all; with the number of rounds that the settings ask for."""
    opened, closed = entries[0], None
    if entries[-1]["kind"] == "close":
        closed = entries.pop()
    settings = _settings(run, opened)
    strategies = _strategies(settings)
    if opened["strategy"] not in strategies:
        raise DifferenceError(
            f"{CONFIG}: no strategy of it is {opened['strategy']}, which paid"
        )
    stopping = _stopping(settings)
    wanted = stopping.rounds
    # With patience fewer may do: which, follows from the rounds themselves.
    if closed is not None and not stopping.patience and len(entries) - 1 != wanted:
        raise DifferenceError(
            f"{LEDGER} has {len(entries) - 1} rounds, {CONFIG} says {wanted}"
        )
    if closed is not None:
        lines = rounds_of(run, opened["strategy"])
    check_rounds(run, lines, entries, unfinished=closed is None)
    if closed is not None or (run / opened["strategy"] / MODEL).exists():
        check_model(run, entries, kept_round(run, entries, stopping, parse))
    if closed is not None:
        if "files" in closed:
            more = files_if_there(strategies, settings)
            there = [name for name in more if name in closed["files"]]
            if stranger := [n for n in more if n not in there and (run / n).exists()]:
                raise DifferenceError(f"{stranger[0]} is there, but nothing was signed for it")
            names = [*bound_files(strategies, settings), *there]
            _check_files(run, names, closed["files"])
        check_summary(run, settings, strategies, closed.get("summary"), parse)
        _check_ends(run, strategies, stopping, parse)
        if not strangers:
            check_no_more_files(run, strategies, entries, closed.get("files", ()))
    _check_no_more_strategies(run, strategies, settings)
    return wanted


def _settings(run: Path, opened: Fields) -> dict[str, Any]:
    try:
        return tomllib.loads(signed_settings(run, opened))
    except ValueError as error:
        raise DifferenceError(f"{CONFIG}: {error}") from error


def _strategies(settings: dict[str, Any]) -> list[str]:
    try:
        return [folder_name(name) for name in settings["strategies"]]
    except (KeyError, TypeError, ValueError):
        raise DifferenceError(f"{CONFIG} names no strategies") from None


def _stopping(settings: dict[str, Any]) -> Stopping:
    try:
        return Stopping.found(settings)
    except ValueError as error:
        raise DifferenceError(f"{CONFIG}: {error}") from error


def _check_ends(
    run: Path, strategies: Sequence[str], stopping: Stopping, parse: Parse
) -> None:
    """Refuse a strategy that went on, or ended, otherwise than its scores and settings say."""
    for strategy in strategies if stopping.patience else ():
        scores = StrategyFolder(run / strategy, parse).scores(stopping)
        if not stopping.over(scores):
            raise DifferenceError(
                f"{strategy}/{ROUNDS} has {len(scores)} rounds: by {CONFIG} training ends"
                f" {stopping.patience} new models after the best one"
            )


def _check_files(run: Path, names: Sequence[str], signed: dict[str, str]) -> None:
    if sorted(names) != sorted(signed):
        raise DifferenceError(
            f"{LEDGER}: its close stands for other files than {CONFIG} names"
        )
    for name in (SCHEMA, STATISTICS, WORTH):
        if name not in names and (run / name).exists():
            raise DifferenceError(f"{name} is no file of this run: {CONFIG} asks for none")
    named = {digest: name for name, digest in signed.items()}
    for name in names:
        check_hash(name, content_of(run, name), signed[name], named)


def _check_no_more_strategies(
    run: Path, strategies: Sequence[str], settings: dict[str, Any]
) -> None:
    if (run / STATISTICS).exists() and STATISTICS not in bound_files((), settings):
        raise DifferenceError(
            f"{STATISTICS} is no file of this run: its data are not at nodes"
        )
    for path in sorted(run.iterdir()):
        if path.is_dir() and path.name not in strategies:
            for name in (ROUNDS, MODEL, UPDATES):
                if (path / name).exists():
                    raise DifferenceError(
                        f"{path.name}/{name} is of no strategy of this run: {CONFIG} names"
                        f" {', '.join(strategies)}"
                    )
