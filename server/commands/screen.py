"""Where a command that carries a run out says how it goes, and what came of it."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import click

from anml_fl.system.files import read_text
from anml_fl.system.standard_output import kept_free

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from rich.console import Console

    Command = TypeVar("Command", bound=Callable[..., Any])

COMPLETED, STOPPED = "completed", "stopped"


@dataclass(frozen=True, slots=True)
class Screen:
    """What is shown of a run, and where.

    Parameters
    ----------
    console : rich.console.Console
        Of all that is for people; `quiet` of it shows nothing.
    as_json : bool
        Whether what came of it is one JSON document on standard output, and all else on
        standard error.
    answers : TextIO
        Where that document goes, or the folder's name where nothing else is told.
    """

    console: Console
    as_json: bool
    answers: TextIO

    def answer(self, status: str, out: Path | None) -> None:
        """Print what came of a run for programs: its document, or its folder alone.

        Parameters
        ----------
        status : str
            "completed", "failed" or "stopped".
        out : Path, optional
            The run's folder; None of one that was stopped before it had one.
        """
        if self.as_json:
            self.tell(document(status, out))
        elif self.console.quiet and out is not None:
            self.tell(str(out))

    def tell(self, answer: str | dict[str, Any]) -> None:
        """Print a line, or a document as JSON, for whoever asked by a program."""
        if not isinstance(answer, str):
            answer = json.dumps(answer, indent=2, allow_nan=False)
        click.echo(answer, file=self.answers)


@contextmanager
def screen(*, as_json: bool, quiet: bool) -> Iterator[Screen]:
    """Make it, as the options of a command say, for as long as the command is at work.

    What a model, task or strategy of one's own prints would stand before the answer: where
    there is one, it goes to standard error. After Ctrl-C there is an answer too; a command
    that knows its folder by then gives it, and leaves by itself.
    """
    from anml_fl.system.terminal import console

    if not (as_json or quiet):
        yield Screen(console(), as_json, sys.stdout)
        return
    with kept_free() as answers:
        shown = Screen(console(stderr=as_json, quiet=quiet), as_json, answers)
        try:
            yield shown
        except KeyboardInterrupt:
            shown.answer(STOPPED, None)
            raise


def screen_options(command: Command) -> Command:
    """Give a command --json and --quiet."""
    quiet = click.option(
        "--quiet",
        is_flag=True,
        help="Print nothing but warnings and errors, and the run's folder.",
    )
    as_json = click.option(
        "--json",
        "as_json",
        is_flag=True,
        help="Print what came of it as JSON; all else goes to standard error.",
    )
    return quiet(as_json(command))


def document(status: str, out: Path | None) -> dict[str, Any]:
    """Say what came of a run.

    Parameters
    ----------
    status : str
        "completed", "failed" or "stopped".
    out : Path, optional
        The run's folder; None of one that was stopped before it had one.

    Returns
    -------
    dict
        `status`, `folder`, `report` and `summary`; of a run that did not come to its end the
        last two are None.

    Examples
    --------
    >>> document("stopped", None)
    {'status': 'stopped', 'folder': None, 'report': None, 'summary': None}
    """
    from anml_fl.run.files import REPORT, SUMMARY

    told = {
        "status": status,
        "folder": None if out is None else str(out.resolve()),
        "report": None,
        "summary": None,
    }
    if out is not None and status == COMPLETED:
        told["report"] = str((out / REPORT).resolve())
        told["summary"] = json.loads(read_text(out / SUMMARY))
    return told
