"""How commands that take long show how far they are."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from studies.runner import Progress as Say

_EVERY = 30.0  # seconds between two lines where nobody watches a bar


@contextmanager
def shown(first: str, *, quiet: bool = False) -> Iterator[Say]:
    """Show the progress of what is within; Ctrl-C ends it with what is done kept.

    A bar in a terminal; in a file or a pipe a line now and then.

    Parameters
    ----------
    first : str
        What is done before anything is told.
    quiet : bool
        Tell nothing.
    """
    try:
        if quiet:
            yield lambda share, words: None
        elif sys.stderr.isatty():
            with _bar(first) as say:
                yield say
        else:
            yield lines()
    except KeyboardInterrupt:
        click.echo("stopped; the same command goes on with what is left", err=True)
        sys.exit(130)


def lines(clock: Callable[[], float] = monotonic) -> Say:
    """Make what writes a line to standard error: the first, then one in half a minute.

    Parameters
    ----------
    clock : callable, optional
        Gives seconds.
    """
    last = -_EVERY + clock()

    def say(share: float, words: str) -> None:
        nonlocal last
        if clock() - last >= _EVERY:
            last = clock()
            click.echo(f"{100 * share:.0f} %: {words}", err=True)

    return say


@contextmanager
def _bar(first: str) -> Iterator[Say]:
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        # A part may take a minute: the speed is that of the last quarter of an hour.
        speed_estimate_period=900,
    ) as bar:
        task = bar.add_task(first, total=1.0)
        yield lambda share, words: bar.update(task, completed=share, description=words)
