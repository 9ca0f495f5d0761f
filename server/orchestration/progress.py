"""A progress bar that reads what the run writes: the same for every engine."""

from __future__ import annotations

import math
import threading
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from anml_fl.method.records import RoundRecord
from anml_fl.run.best_round import Stopping
from anml_fl.run.criterion import Criterion
from anml_fl.run.files import MODEL, ROUNDS, WORTH_PARTIAL
from anml_fl.run.outcome import outcome
from anml_fl.run.strategy_folder import StrategyFolder
from server.orchestration.round_tail import RoundTail

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rich.console import Console

    from anml_fl.settings.run import RunConfig

_POLL = 0.2
# Columns: a time, the least of a bar and its most.
_CLOCK, _BAR = len("0:00:00"), (6, 24)


@contextmanager
def progress_bar(
    out: Path, config: RunConfig, console: Console, *, lines: bool = False
) -> Iterator[None]:
    """Show each round as a run writes it: test error or score, what came of it, time left.

    Parameters
    ----------
    out : Path
        The run's folder.
    config : RunConfig
    console : rich.console.Console
    lines : bool
        Also print a line a round, for a log that no terminal shows.
    """
    bar = Progress(*_columns(config, console.width), console=console)
    stop = threading.Event()
    watcher = threading.Thread(
        target=_watch, args=(out, config, bar, stop, lines), daemon=True
    )
    # A bar moves, which a file or a pipe cannot show.
    with bar if console.is_interactive else nullcontext():
        watcher.start()
        try:
            yield
        finally:
            stop.set()
            watcher.join()


def _columns(config: RunConfig, width: int) -> list[ProgressColumn]:
    """Choose what there is room for: round and state first, then times, then a bar."""
    name = max(len("starting"), *(len(one) + 1 for one in config.strategies))
    done = len(f"round {config.training.rounds}/{config.training.rounds}")
    found: list[ProgressColumn] = [
        TextColumn(f"{{task.description:>{name}}}"),
        TextColumn("{task.fields[done]}"),
        TextColumn("{task.fields[state]}"),
    ]
    kept = f"{config.federation.contributors} of {config.federation.contributors} kept"
    state = f"{Criterion(config.evaluation.metric).title} 100.0 %  {kept}"
    left = width - name - done - len(state) - 2
    if (left := left - _CLOCK - len("left") - 2) >= 0:
        found += [TextColumn("left"), TimeRemainingColumn()]
    if (left := left - _CLOCK - 1) >= 0:
        found.insert(3, TimeElapsedColumn())
    if left >= _BAR[0]:
        found.insert(1, BarColumn(bar_width=min(left - 1, _BAR[1])))
    return found


def _watch(
    out: Path, config: RunConfig, bar: Progress, stop: threading.Event, lines: bool
) -> None:
    rounds = config.training.rounds
    # What an interrupted run had finished already takes no time now.
    stopping, criterion = Stopping.of(config), Criterion(config.evaluation.metric)
    todo = [
        name for name in config.strategies if not StrategyFolder(out / name).finished(stopping)
    ]
    task = bar.add_task("starting", total=rounds * len(todo), state="", done="")
    models = bar.add_task("worth", total=_models(config), state="", done="", visible=False)
    tails = {name: RoundTail(out / name / ROUNDS) for name in todo}
    scoring = RoundTail(out / WORTH_PARTIAL)
    last, said, state = False, 0, ""
    while not last:
        last = stop.wait(_POLL)
        changed = {name for name, tail in tails.items() if tail.look()}
        counts = {name: tail.count for name, tail in tails.items()}
        begun = [name for name, count in counts.items() if count]
        if begun:
            name, done = begun[-1], sum(counts.values())
            if name in changed:
                state = _state(tails[name], criterion)
            # A strategy that found no better model may have ended before its last round.
            over = [name for name in begun if (out / name / MODEL).exists()]
            total = sum(counts[name] if name in over else rounds for name in todo)
            bar.update(
                task,
                completed=done,
                total=total,
                description=f"{name}:",
                done=f"round {counts[name]}/{rounds}",
                state=state,
            )
            if lines and done > said and state:
                said = done
                bar.console.print(f"{name}: round {counts[name]} of {rounds}, {state}".strip())
        scoring.look()
        if (scored := scoring.count - 1) >= 0:
            shown = f"model {scored}/{_models(config)}"
            bar.update(models, completed=scored, done=shown, visible=True)


def _models(config: RunConfig) -> int:
    """How many models tell whether joining is worth it: alone, without, and one for all."""
    return config.evaluation.repeats * (2 * config.federation.contributors + 1)


def _state(rounds: RoundTail, criterion: Criterion) -> str:
    try:
        record = RoundRecord.from_json(rounds.last.decode())
    except (OSError, ValueError):
        return ""  # cut off at this moment
    came_to = f"{outcome(record):7}"
    score = criterion.score(record)
    if math.isnan(score):
        return came_to
    return f"{criterion.title} {criterion.digits(score)}{criterion.unit}  {came_to}"
