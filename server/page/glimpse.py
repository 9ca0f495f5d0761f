"""One run at a glance, for the index: from its settings, its summary and its last lines."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from anml_fl.run.criterion import Criterion
from anml_fl.run.files import CONFIG, ERROR, LOCK, MODEL, ROUNDS, SUBMITTING, SUMMARY
from anml_fl.system.untrusted_text import visible
from server.page.json_numbers import number
from server.page.liveness import ended
from server.page.opening import content, opened, piece, there
from server.page.rounds_file import LONGEST_LINE
from server.page.run_settings import RunSettings, read_settings
from server.page.short_round import short_round
from server.page.snapshot import stopped_words
from server.report.wording import simulates

if TYPE_CHECKING:
    from pathlib import Path

    from server.page.opening import Identity

_LONGEST_SUMMARY = 1 << 26
_BLOCK = 1 << 16


@dataclass(frozen=True, slots=True)
class StrategyGlimpse:
    """How far a strategy is, and how good its model.

    Parameters
    ----------
    rounds : int
    score : str
        With its unit; "" before there is one.
    attacker_weight : float or None
        Where behaviours were simulated.
    """

    rounds: int
    score: str
    attacker_weight: float | None = None


@dataclass(frozen=True, slots=True)
class Glimpse:
    """A run in a row of a table.

    Parameters
    ----------
    folder : str
        Its name, whatever letters are in it.
    name : str
        As the settings have it; "" where they cannot be read.
    state : str
        In a sentence.
    date : str
        When it began, in UTC.
    scored : str
        What its score is called.
    """

    folder: str
    name: str
    state: str
    date: str = ""
    dataset: str = ""
    lead: str = ""
    scored: str = ""
    strategies: tuple[tuple[str, StrategyGlimpse], ...] = ()

    @property
    def score(self) -> str:
        """Of the strategy that pays."""
        return dict(self.strategies)[self.lead].score if self.lead else ""


def is_run(folder: Path) -> bool:
    """Tell whether a folder is a run's: it has settings, or is about to."""
    return any(os.path.lexists(folder / name) for name in (CONFIG, LOCK, SUBMITTING))


def state_of_files(folder: Path) -> tuple[Identity | None, ...]:
    """Say which state the files are in that `glimpse` reads, but for the rounds."""
    return tuple(there(folder, name) for name in (CONFIG, SUMMARY, ERROR))


def glimpse(folder: Path) -> Glimpse:
    """Look at a run; whatever the folder holds."""
    try:
        settings = read_settings(folder)
    except FileNotFoundError:
        why = "It is starting." if not os.path.lexists(folder / CONFIG) else ""
        return Glimpse(folder.name, "", why or f"{CONFIG} is no plain file.")
    except (OSError, ValueError) as error:
        return Glimpse(folder.name, "", visible(f"{CONFIG} cannot be read: {error}", 200))
    criterion = Criterion(settings.metric)
    begun = there(folder, CONFIG)
    ended, simulated = _summary(folder)
    strategies = {
        name: _ended(ended[name], criterion, simulated=simulated)
        if name in ended
        else _going(folder, name, criterion)
        for name in settings.strategies
    }
    return Glimpse(
        folder.name,
        settings.name,
        "Finished." if ended else visible(_state(folder, settings, strategies), 200),
        ""
        if begun is None
        else f"{datetime.fromtimestamp(begun.changed / 1e9, UTC):%Y-%m-%d %H:%M}",
        settings.dataset,
        settings.lead,
        criterion.title,
        tuple(strategies.items()),
    )


def _state(folder: Path, settings: RunSettings, strategies: dict[str, StrategyGlimpse]) -> str:
    undone = (
        f"round {of.rounds + 1} of {settings.rounds} under {name}"
        for name, of in strategies.items()
        if of.rounds < settings.rounds and not (of.rounds and there(folder, name, MODEL))
    )
    doing = next(undone, "")
    if there(folder, ERROR) is None:
        last = [there(folder, CONFIG), *(there(folder, name, ROUNDS) for name in strategies)]
        seen = max(filter(None, last), key=lambda one: one.changed, default=None)
        if since := ended(folder, seen):
            return stopped_words(doing, since)
        return f"In {doing}." if doing else "All rounds are done; the results are summed up."
    why = "it cannot be read why"
    with suppress(OSError):
        why = content(folder, ERROR, most=_BLOCK).decode(errors="replace").strip()
    return f"Failed{doing and f' in {doing}'}: {why}"


def _summary(folder: Path) -> tuple[dict[str, dict[str, Any]], bool]:
    """Read what came of each strategy, and whether behaviours were simulated."""
    try:
        found = json.loads(content(folder, SUMMARY, most=_LONGEST_SUMMARY))
        strategies = {str(name): dict(of) for name, of in found["strategies"].items()}
        return strategies, simulates(found["contributors"].values())
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}, False


def _ended(of: dict[str, Any], criterion: Criterion, *, simulated: bool) -> StrategyGlimpse:
    rounds = of.get("rounds")
    score = number(of.get("test_score" if criterion.metric else "test_error"))
    return StrategyGlimpse(
        rounds if isinstance(rounds, int) else 0,
        _written(score, criterion),
        number(of.get("attacker_weight")) if simulated else None,
    )


def _going(folder: Path, strategy: str, criterion: Criterion) -> StrategyGlimpse:
    try:
        found = short_round(_last_line(folder, strategy))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return StrategyGlimpse(0, "")
    score = found.fields.get("test_score" if criterion.metric else "test_error")
    return StrategyGlimpse(found.fields["round"], _written(number(score), criterion))


def _written(score: float | None, criterion: Criterion) -> str:
    text = criterion.digits(score)
    return text and f"{text}{criterion.unit}"


def _last_line(folder: Path, strategy: str) -> bytes:
    """Read the last whole line; from the end, since a file may be large."""
    with opened(folder, strategy, ROUNDS) as file:
        end = os.fstat(file).st_size
        size = _BLOCK
        while True:
            start = max(0, end - size)
            # What follows the last line break is being written.
            *lines, _ = piece(file, start, end - start).split(b"\n")
            if start == 0 or len(lines) > 1:
                return lines[-1] if lines else b""
            if size >= LONGEST_LINE:
                raise ValueError(f"the last line has more than {LONGEST_LINE:,} bytes")
            size *= 4
