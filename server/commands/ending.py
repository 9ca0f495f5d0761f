"""How a command that carries a run out ends: what it shows, and its exit status."""

from __future__ import annotations

import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import click

from anml_fl.system.files import read_text
from server.commands.screen import COMPLETED, STOPPED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rich.console import Console

    from anml_fl.run.parsing import Parse
    from anml_fl.settings.run import RunConfig
    from server.commands.screen import Screen
    from server.deployment.state import State

_EXIT = {COMPLETED: 0, "failed": 1, STOPPED: 3}


def tidy(state: State) -> None:
    """Stop what a command that was killed left running, unless another one looks after it."""
    from anml_fl.settings.section import ConfigError
    from server.deployment.processes import stop_leftovers
    from server.orchestration.run_folder import hold

    if state.local.is_dir():
        with suppress(ConfigError), hold(state.local):
            stop_leftovers(state)


def ended_before(out: Path, config: RunConfig, state: State, console: Console) -> bool:
    """Say whether a run came to its end before: its rounds are settled, once."""
    from anml_fl.run.files import SUMMARY
    from server.orchestration.integrity import check_unaltered
    from server.orchestration.run_folder import check_settings

    check_settings(out, config)
    if not (out / SUMMARY).exists():
        return False
    check_unaltered(out)
    tidy(state)
    console.print(
        f"{out} came to its end before. For another run, change name or seed in {state.run}",
        soft_wrap=True,
    )
    return True


def finish(status: str, out: Path, screen: Screen) -> None:
    """Show what came of a run, and leave with its status."""
    from anml_fl.run.parsing import parsed_once

    if status == COMPLETED:
        show_results(out, screen.console, parsed_once())
    screen.answer(status, out)
    sys.exit(_EXIT[status])


def show_results(out: Path, console: Console, parse: Parse) -> None:
    """Show what a run that came to its end has found, and where more is.

    Parameters
    ----------
    out : Path
        The run's folder.
    console : rich.console.Console
    parse : callable
        As in `StrategyFolder`.
    """
    import json

    from anml_fl.run.files import REPORT, SUMMARY
    from anml_fl.run.reading import load_run
    from anml_fl.run.worth import load_worth
    from anml_fl.system.terminal import say, show
    from server.commands.least import least
    from server.commands.next_commands import next_commands
    from server.orchestration.summary_table import left_out, table
    from server.orchestration.worth_table import worth_table
    from server.report.own_data import stands_apart

    if console.quiet:
        return
    summary = json.loads(read_text(out / SUMMARY))
    show(table(summary), console)
    if note := left_out(out, summary, parse):
        console.print(note)
    if told := least(out, parse):
        say(told, console)
    if summary.get("holdings") and (apart := stands_apart(load_run(out, parse))):
        say(apart, console)
    if worth := load_worth(out, summary["contributors"]):
        show(worth_table(worth), console)
    console.print(f"report: {(out / REPORT).resolve()}", soft_wrap=True)
    say(next_commands(out, explained=bool(told)), console)


@contextmanager
def interrupted(out: Path, how: str, screen: Screen) -> Iterator[None]:
    """Say on Ctrl-C, and when asked to end, how the run goes on, and answer programs."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit) as error:
        click.echo(f"stopped {out}; {how}", err=True)
        screen.answer(STOPPED, out)
        sys.exit(130 if isinstance(error, KeyboardInterrupt) else error.code)
