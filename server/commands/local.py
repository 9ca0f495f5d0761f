"""A run on the federation of a state folder, on this machine, as commands carry it out."""

from __future__ import annotations

import os
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import click

from anml_fl.commands.failure import errors_reported
from server.commands.ending import ended_before, finish, interrupted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from server.commands.screen import Screen
    from server.tracking.asked import Asked

FOLDER = click.Path(file_okay=False, path_type=Path)
out_option = click.option(
    "--out", type=FOLDER, help="Folder for the results.  [default: runs/NAME]"
)


def run_on_this_machine(
    folder: Path,
    out: Path | None,
    screen: Screen,
    trackers: Sequence[Asked] = (),
    *,
    warm: bool,
) -> None:
    """Run the federation of a state folder, and leave as the run ended."""
    from server.deployment.local import run_local, with_database
    from server.deployment.state import State
    from server.orchestration.ledger_key import signing_with
    from server.orchestration.run_folder import default_folder
    from server.tracking.beside import tracked

    console = screen.console
    state = State(folder)
    with errors_reported(), signing_with(state.ledger_key):
        config = with_database(state, state.config())
        where = default_folder(config) if out is None else out
        console.print(
            f"[bold]{config.name}[/bold]: {config.data_name},"
            f" {config.federation.contributors} nodes, seed {config.seed}, on this machine"
        )
        status = "completed"
        if not ended_before(where, config, state, console):
            if not warm and (note := _crowded(config.federation.contributors)):
                console.print(note)
            goes_on = f"`anml resume {quote(str(where))}` goes on at the next round"
            with interrupted(where, goes_on, screen), tracked(where, trackers):
                status = run_local(state, config, where, console, warm=warm)
    finish(status, where, screen)


def _crowded(nodes: int) -> str | None:
    """Point out the quicker way where rounds will take long."""
    cores = os.cpu_count() or 1
    if nodes <= cores:
        return None
    return (
        f"note: every round starts a process for each of {nodes} nodes, on {cores} cores;"
        " --warm takes about a tenth of the time"
    )
