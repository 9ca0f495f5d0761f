"""Check a run's summary: by its hash, and by what follows from settings and rounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from anml_fl.datasets.prepare import NATURAL
from anml_fl.federation.contributors import behaviours_of
from anml_fl.ledger.hashes import sha256_of, summary_hash, summary_text
from anml_fl.run.best_round import Stopping
from anml_fl.run.difference import (
    DifferenceError,
    check_hash,
    content_of,
    shown,
    strict_json,
)
from anml_fl.run.files import ROUNDS, SUMMARY, TIMINGS
from anml_fl.run.participants import participants
from anml_fl.run.round_audit import rounds_of
from anml_fl.run.strategy_folder import StrategyFolder
from anml_fl.run.strategy_results import strategy_results
from anml_fl.settings.run import APP, RunConfig

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from anml_fl.run.parsing import Parse


def check_summary(
    run: Path,
    settings: dict[str, Any],
    strategies: Sequence[str],
    signed: str | None,
    parse: Parse,
) -> None:
    """Compare `summary.json` with all that follows from the rest.

    Parameters
    ----------
    run : Path
        The run's folder.
    settings : dict
        Its settings, checked.
    strategies : sequence of str
        Whose rounds were checked.
    signed : str, optional
        Its hash; None in a ledger of the older form.
    parse : callable
        As in `StrategyFolder`.

    Raises
    ------
    DifferenceError
        Naming the field where that can be said.
    OSError
        If a file cannot be read.
    """
    content = content_of(run, SUMMARY)
    try:
        summary = strict_json(content)
        found, text = summary_hash(summary), summary_text(summary).encode()
        expected = _expected(run, settings, strategies, summary, parse)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DifferenceError(f"{SUMMARY}: {error}") from error
    if wrong := _first_field(summary, expected):
        raise DifferenceError(f"{SUMMARY}: {wrong}")
    if signed is not None and found != signed:
        raise DifferenceError(
            f"{SUMMARY} was altered, in contributors, holdings or by a field more: its SHA-256"
            f" without seconds is {found[7:]}, signed is {signed[7:]}"
        )
    if signed is not None:
        check_hash(SUMMARY, content, sha256_of(text))
        _check_seconds(run, summary, strategies)


def _expected(
    run: Path,
    settings: dict[str, Any],
    strategies: Sequence[str],
    summary: dict[str, Any],
    parse: Parse,
) -> dict[str, Any]:
    """Say what a summary must say, as far as settings and rounds give it."""
    config = _config(settings)
    if config and config.engine == APP:
        folders = [StrategyFolder(run / name, parse) for name in strategies]
        behaviours = participants(record for one in folders for record in one.records())
    else:
        behaviours = (config and _behaviours(config)) or summary["contributors"]
    stopping = Stopping.found(settings)
    dataset = config.data_name if config else settings.get("federation", {}).get("dataset")
    return {
        "name": settings.get("name"),
        "dataset": dataset,
        "seed": settings.get("seed"),
        "engine": settings.get("engine"),
        "contributors": behaviours,
        "strategies": {
            name: _results(run, name, behaviours, stopping, parse) for name in strategies
        },
        **({"metric": stopping.metric} if stopping.metric else {}),
    }


def _config(settings: dict[str, Any]) -> RunConfig | None:
    """Read the settings; None where they cannot be read, as a newer version's."""
    try:
        return RunConfig.model_validate(settings)
    except ValidationError:
        return None


def _behaviours(config: RunConfig) -> dict[str, str] | None:
    """Cast the behaviours again; None where that takes data."""
    chosen = config.federation
    known = chosen.partition != NATURAL or chosen.names
    return behaviours_of(config) if known else None


def _results(
    run: Path,
    strategy: str,
    behaviours: Mapping[str, str],
    stopping: Stopping,
    parse: Parse,
) -> dict[str, Any]:
    lines = rounds_of(run, strategy)
    try:
        records = [parse(one.decode()) for one in lines]
        folder = StrategyFolder(run / strategy, parse)
        best = stopping.best(folder.scores(stopping))
        claimed = folder.claimed(best or len(records))
        fields = strategy_results(records, behaviours, best=best, claimed=claimed).fields()
    except (ValueError, IndexError, TypeError, AttributeError) as error:
        raise DifferenceError(f"{strategy}/{ROUNDS}: {error}") from error
    del fields["seconds"]  # bound by nothing, and checked apart
    return fields


def _first_field(said: Any, expected: Any, place: str = "") -> str | None:
    """Find the first field of `expected` that is not said, or otherwise."""
    if isinstance(expected, dict) and isinstance(said, dict):
        if place in ("contributors", "strategies") and (
            more := sorted(set(said) - set(expected))
        ):
            return f"{place} has {more[0]!r}, who took no part"
        for name, value in expected.items():
            where = f"{place}.{name}" if place else name
            if name not in said:
                return f"{where} is missing"
            if wrong := _first_field(said[name], value, where):
                return wrong
        return None
    same = type(said) is type(expected) and repr(said) == repr(expected)
    return (
        None
        if same
        else (f"{place} is {shown(said)}, but {shown(expected)} follows from what was signed")
    )


def _check_seconds(run: Path, summary: dict[str, Any], strategies: Sequence[str]) -> None:
    """Compare the seconds with those of the rounds: neither are bound."""
    total = 0.0
    for strategy in strategies:
        name = f"{strategy}/{TIMINGS}"
        seconds = round(sum(_seconds(run, name, len(rounds_of(run, strategy)))), 3)
        said = summary["strategies"][strategy].get("seconds")
        if said != seconds:
            raise DifferenceError(
                f"{SUMMARY}: strategies.{strategy}.seconds is {shown(said)}, but {name}"
                f" adds up to {seconds}"
            )
        total += seconds
    if (said := summary.get("seconds")) != (total := round(total, 3)):
        raise DifferenceError(
            f"{SUMMARY}: seconds is {shown(said)}, but the strategies' add up to {total}"
        )


def _seconds(run: Path, name: str, rounds: int) -> list[float]:
    """Read what each round is said to have taken: a line each, whatever it says."""
    *lines, rest = content_of(run, name).split(b"\n")
    if rest or len(lines) != rounds:
        raise DifferenceError(
            f"{name} has {len(lines)} whole lines{' and part of one' if rest else ''}, but"
            f" there are {rounds} rounds"
        )
    found = []
    for number, line in enumerate(lines, start=1):
        try:
            timing = strict_json(line)
            same = timing["round"] == number
            found.append(timing["seconds"] + 0.0)
        except (ValueError, KeyError, TypeError):
            same = False
        if not same:
            raise DifferenceError(
                f"{name}, line {number}: it must say the round, {number}, and its seconds"
            )
    return found
