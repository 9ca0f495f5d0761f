"""Where a command that carries a run out says how it goes, and what came of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from anml_fl.system.files import read_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rich.console import Console

    Command = TypeVar("Command", bound=Callable[..., Any])

COMPLETED = "completed"


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
    """

    console: Console
    as_json: bool

    def answer(self, status: str, out: Path) -> None:
        """Print what came of a run for programs: its document, or its folder alone.

        Parameters
        ----------
        status : str
            "completed", "failed" or "stopped".
        out : Path
            The run's folder.
        """
        if self.as_json:
            click.echo(json.dumps(document(status, out), indent=2, allow_nan=False))
        elif self.console.quiet:
            click.echo(out)


def screen(*, as_json: bool, quiet: bool) -> Screen:
    """Make it, as the options of a command say."""
    from anml_fl.system.terminal import console

    return Screen(console(stderr=as_json, quiet=quiet), as_json)


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


def document(status: str, out: Path) -> dict[str, Any]:
    """Say what came of a run.

    Parameters
    ----------
    status : str
        "completed", "failed" or "stopped".
    out : Path
        The run's folder.

    Returns
    -------
    dict
        `status`, `folder`, `report` and `summary`; of a run that did not come to its end the
        last two are None.
    """
    from anml_fl.run.files import REPORT, SUMMARY

    whole = status == COMPLETED
    return {
        "status": status,
        "folder": str(out.resolve()),
        "report": str((out / REPORT).resolve()) if whole else None,
        "summary": json.loads(read_text(out / SUMMARY)) if whole else None,
    }
