"""Check the rounds of the strategy that pays: records, payouts, updates and the last model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import rfc8785
from safetensors import SafetensorError
from safetensors.numpy import load

from anml_fl.ledger.entry import Fields, round_fields
from anml_fl.ledger.grammar import damage
from anml_fl.ledger.hashes import model_hash, sha256_of
from anml_fl.method.records import RoundRecord
from anml_fl.run.difference import (
    DifferenceError,
    check_hash,
    content_of,
    shown,
    strict_json,
)
from anml_fl.run.files import MODEL, ROUNDS, TIMINGS, UPDATES, updates_name
from anml_fl.run.strategy_folder import StrategyFolder

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from anml_fl.run.best_round import Stopping
    from anml_fl.run.parsing import Parse


def rounds_of(run: Path, strategy: str, *, unfinished: bool = False) -> list[bytes]:
    """Read a strategy's rounds, a line each.

    Parameters
    ----------
    run : Path
        The run's folder.
    strategy : str
    unfinished : bool
        Accept that there is none yet, and leave out part of a last line.

    Returns
    -------
    list of bytes
        Without their newlines.

    Raises
    ------
    DifferenceError
        If the file is missing or ends in the middle of a line.
    OSError
        If it cannot be read.
    """
    name = f"{strategy}/{ROUNDS}"
    if unfinished and not (run / name).exists():
        return []
    *lines, rest = content_of(run, name).split(b"\n")
    if rest and not unfinished:
        raise DifferenceError(f"{name}, line {len(lines) + 1}: it has no newline at its end")
    return lines


def check_rounds(
    run: Path, lines: Sequence[bytes], entries: Sequence[Fields], *, unfinished: bool = False
) -> None:
    """Compare a strategy's rounds with the entries that settled them.

    Parameters
    ----------
    run : Path
        The run's folder.
    lines : sequence of bytes
        From `rounds_of`.
    entries : sequence of dict
        The open entry and all rounds' of a ledger that was verified.
    unfinished : bool
        Accept that the last rounds are settled and have no line yet.

    Raises
    ------
    DifferenceError
        Naming the first file and round, and contributor and field where that can be said.
    OSError
        If a file cannot be read.
    """
    opened, *settled = entries
    strategy = opened["strategy"]
    name = f"{strategy}/{ROUNDS}"
    kept = {
        entry["updates"]: f"round {entry['round']}" for entry in settled if "updates" in entry
    }
    for place, entry in enumerate(settled):
        if place < len(lines):
            check_record(f"{name}, round {place + 1}", lines[place], entry, opened["pool"])
        elif not unfinished:
            raise DifferenceError(
                f"{name} ends after round {len(lines)}, but {len(settled)} were settled"
            )
        if "updates" in entry:
            _check_updates(run, strategy, entry, kept)
    if len(lines) > len(settled):
        raise DifferenceError(
            f"{name} goes on after round {len(settled)}, the last one that was settled"
        )


def check_model(run: Path, entries: Sequence[Fields], kept: int | None) -> None:
    """Compare the final model of the strategy that pays with that of the round that was kept.

    Parameters
    ----------
    run : Path
        The run's folder.
    entries : sequence of dict
        As in `check_rounds`.
    kept : int, optional
        The round whose model it must be; None where it is not known yet, and any that was
        settled will do.

    Raises
    ------
    DifferenceError
    OSError
        If the file cannot be read.
    """
    name = f"{entries[0]['strategy']}/{MODEL}"
    content = content_of(run, name)
    try:
        found = model_hash(load(content))
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DifferenceError(f"{name} is no model: {error}") from error
    rounds = entries[1:] if kept is None else entries[1 : kept + 1][-1:]
    if rounds and found not in [entry["model"] for entry in rounds]:
        last = rounds[-1]
        raise DifferenceError(
            f"{name} was altered: its arrays have the hash {found[7:]}, in round"
            f" {last['round']} {last['model'][7:]} was signed"
        )


def kept_round(
    run: Path,
    entries: Sequence[Fields],
    stopping: Stopping,
    parse: Parse = RoundRecord.from_json,
) -> int | None:
    """Find the round whose model was kept, by the strategy's own rounds.

    Parameters
    ----------
    run : Path
        The run's folder.
    entries : sequence of dict
        As in `check_rounds`.
    stopping : Stopping
    parse : callable
        As in `StrategyFolder`.

    Returns
    -------
    int or None
        None while it is not known, since some rounds that were settled are not there.

    Raises
    ------
    DifferenceError
        If what the rounds are compared by cannot be read.
    """
    rounds = len(entries) - 1
    if not stopping.patience:
        return rounds
    strategy = entries[0]["strategy"]
    try:
        scores = StrategyFolder(run / strategy, parse).scores(stopping)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DifferenceError(f"{strategy}: its scores cannot be read: {error}") from error
    return stopping.kept(scores) if len(scores) == rounds else None


def check_no_more_files(
    run: Path,
    strategies: Sequence[str],
    entries: Sequence[Fields],
    bound: Collection[str] = (),
) -> None:
    """Refuse whatever is in a finished strategy's folder and is no file of the run.

    Parameters
    ----------
    run : Path
        The run's folder.
    strategies : sequence of str
    entries : sequence of dict
        As in `check_rounds`.
    bound : collection of str
        Further files that its ledger stands for, from the run's folder on.

    Raises
    ------
    DifferenceError
    """
    opened, *settled = entries
    signed = {
        updates_name(opened["strategy"], entry["round"])
        for entry in settled
        if entry.get("updates", "older")
    }
    for strategy in strategies:
        folders = {strategy, f"{strategy}/{UPDATES}"}
        files = {f"{strategy}/{name}" for name in (ROUNDS, TIMINGS, MODEL)}.union(bound)
        # A link is not followed: what it leads to can change when the run does not.
        for path in (run / strategy, *sorted((run / strategy).rglob("*"))):
            name = path.relative_to(run).as_posix()
            if path.is_symlink():
                raise DifferenceError(f"{name} is a link: a run holds its files itself")
            if name in folders and path.is_dir():
                continue
            if path.name[0] == "." and path.is_file():
                continue  # what a file manager leaves; nothing of ours reads it
            if name not in files | signed or not path.is_file():
                why = "no file of a finished run"
                if path.match(f"{UPDATES}/*.safetensors"):
                    why = "there, but no updates were signed for it"
                raise DifferenceError(f"{name} is {why}")


def check_record(place: str, line: bytes, entry: Fields, pool: int) -> None:
    """Compare a round's record with the entry that settled it.

    Parameters
    ----------
    place : str
        Where the record stands, for the message.
    line : bytes
        The record's, without its newline.
    entry : dict
        Of a ledger that was verified.
    pool : int
        Micro-units for each round.

    Raises
    ------
    DifferenceError
        Naming contributor and field where that can be said.
    """
    if entry.get("record") == sha256_of(line):
        return
    if fault := damage(line + b"\n"):
        raise DifferenceError(f"{place}: the line {fault}")
    try:
        strict_json(line)
        record = RoundRecord.from_json(line.decode())
        said = round_fields(entry["run"], record, entry["model"], pool)
    except (ValueError, TypeError, AttributeError, OverflowError) as error:
        raise DifferenceError(f"{place}: {error}") from error
    if wrong := _first_field(said, entry):
        raise DifferenceError(f"{place}: {wrong}")
    if "record" in entry:
        raise DifferenceError(
            f"{place}: the record was altered, in a field that its entry does not spell out,"
            f" or in its spelling: its SHA-256 is {sha256_of(line)[7:]}, signed is"
            f" {entry['record'][7:]}"
        )


def _first_field(said: Fields, entry: Fields) -> str | None:
    """Say where a record and its entry part; None if they do not."""
    people, signed = said.pop("contributors"), entry["contributors"]
    if wrong := _differ(said, entry):
        return wrong
    names, signed_names = ([one["contributor"] for one in of] for of in (people, signed))
    if names != signed_names:
        gone, new = (
            sorted(set(signed_names) - set(names)),
            sorted(set(names) - set(signed_names)),
        )
        return (
            "the contributors are not those that were signed, in their order: missing"
            f" {shown(gone)}, added {shown(new)}"
        )
    for one, other in zip(people, signed, strict=True):
        if wrong := _differ(one, other):
            return f"{one['contributor']}: {wrong}"
    return None


def _differ(said: Fields, signed: Fields) -> str | None:
    for name, value in said.items():
        # As canonical JSON: true is not 1, and 1.0 is.
        if _canonical(value) != _canonical(signed.get(name)):
            return f"{name} is {shown(value)}, but {shown(signed.get(name))} was signed"
    return None


def _canonical(value: Any) -> bytes:
    return rfc8785.dumps(value)


def _check_updates(run: Path, strategy: str, entry: Fields, kept: dict[str, str]) -> None:
    if entry["updates"] is not None:
        name = updates_name(strategy, entry["round"])
        check_hash(name, content_of(run, name), entry["updates"], kept)
