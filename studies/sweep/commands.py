"""`anml run --seeds --sweep --jobs`: many runs by one command."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TypeVar

import click

from anml_fl.commands.failure import errors_reported

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from rich.console import Console

    from server.commands.screen import Screen
    from studies.sweep.results import Results
    from studies.sweep.workers import Execute

    Command = TypeVar("Command", bound=Callable[..., Any])

_MOST_TOLD = 5
_MOST_ROWS = 60


def sweep_options(command: Command) -> Command:
    """Give a command the options by which it makes many runs."""
    for option in (
        click.option(
            "--jobs",
            type=click.IntRange(min=1),
            help="With --seeds or --sweep: runs at a time, each in a process.  [default: one a"
            " core]",
        ),
        click.option(
            "--sweep",
            "sweeps",
            multiple=True,
            metavar="KEY=VALUE,VALUE",
            help="Run with each value of a setting, named as its option or as in config.toml;"
            " repeat for a grid. Values that hold commas are parted by ';'.",
        ),
        click.option(
            "--seeds", metavar="N-N,N", help="Repeat with each seed, such as 0-4 or 0,3,7."
        ),
    ):
        command = option(command)
    return command


def sweep(
    preset: str,
    given: Mapping[str, Any],
    out: Path | None,
    execute: Execute,
    asked: Mapping[str, Any],
    screen: Screen,
) -> None:
    """Carry out all runs that were asked for, show what they say together, and leave.

    Parameters
    ----------
    preset : str
        TOML.
    given : mapping
        Flat settings, laid over it.
    out : Path, optional
        The folder; `runs/NAME` by default.
    execute : callable
        As of `worked_off`.
    asked : mapping
        What `sweep_options` gave: `seeds`, `sweeps`, `jobs`.
    screen : Screen
        Where it is shown.
    """
    from anml_fl.run.files import REPORT
    from anml_fl.settings.section import ConfigError
    from studies.progress import shown
    from studies.sweep.axis import parse_axes
    from studies.sweep.plan import planned
    from studies.sweep.running import run_sweep
    from studies.sweep.seeds import parse_seeds

    with errors_reported(ImportError):
        if asked["seeds"] is None and not asked["sweeps"]:
            raise ConfigError(
                "--jobs: says how many runs go on at a time: add --seeds or --sweep"
            )
        seeds = None if asked["seeds"] is None else parse_seeds(asked["seeds"])
        plan = planned(preset, given, parse_axes(asked["sweeps"]), seeds)
        folder = _default_folder(plan.conditions[0].config.name) if out is None else out
        try:
            with shown("starting", quiet=screen.console.quiet) as progress:
                found = run_sweep(plan, folder, execute, jobs=asked["jobs"], progress=progress)
        except SystemExit:  # after Ctrl-C, which it has told
            _answer("stopped", folder, screen)
            raise
        if not screen.console.quiet:
            _show(found, screen.console)
            screen.console.print(f"report: {(folder / REPORT).resolve()}", soft_wrap=True)
        _warn(found)
        _answer("completed" if found.whole else "failed", folder, screen)
    if not found.whole:
        sys.exit(1)


def _default_folder(name: str) -> Path:
    """Choose `runs/NAME`, or the first of `runs/NAME-2`, ... that is no run's own."""
    from itertools import count
    from pathlib import Path

    from anml_fl.run.files import CONFIG

    names = (name if number == 1 else f"{name}-{number}" for number in count(1))
    return next(one for name in names if not ((one := Path("runs", name)) / CONFIG).exists())


def _answer(status: str, folder: Path, screen: Screen) -> None:
    """Print what came of all runs for programs: one document, or the folder alone."""
    import json

    from anml_fl.run.files import REPORT
    from anml_fl.system.files import read_text
    from studies.sweep.tables import JSON

    if screen.as_json:
        # Of what had ended by then both are there, unless it was stopped before the first.
        there = (folder / JSON).exists()
        screen.tell(
            {
                "status": status,
                "folder": str(folder.resolve()),
                "report": str((folder / REPORT).resolve()) if there else None,
                "sweep": json.loads(read_text(folder / JSON)) if there else None,
            }
        )
    elif screen.console.quiet:
        screen.tell(str(folder))


def _show(found: Results, console: Console) -> None:
    """Print what the runs say together."""
    from rich.table import Table

    from anml_fl.system.terminal import say, show
    from studies.sweep.grids import scores_grid
    from studies.sweep.words import headline

    grid, table = scores_grid(found), Table()
    # What is compared stands on the page: a terminal is narrow.
    columns = grid.columns[: len(found.plan.axes) + 3]
    for title, kind in columns:
        number = kind == "number"
        table.add_column(title, justify="right" if number else "left")
    for row in grid.rows[:_MOST_ROWS]:
        table.add_row(*row[: len(columns)])
    show(table, console)
    if len(grid.rows) > _MOST_ROWS:
        say(f"the first {_MOST_ROWS} of {len(grid.rows)} rows; all are on the page", console)
    say(headline(found), console)


def _warn(found: Results) -> None:
    """Say what cannot be relied on, and which runs could not be carried out."""
    from studies.sweep.page import warning

    if said := warning(found):
        click.echo(f"warning: {said}", err=True)
    for folder, why in list(found.failed.items())[:_MOST_TOLD]:
        click.echo(f"not carried out: {folder}: {why}", err=True)
    if len(found.failed) > _MOST_TOLD:
        click.echo(
            f"{len(found.failed)} runs were not carried out: sweep.json says why of each",
            err=True,
        )
