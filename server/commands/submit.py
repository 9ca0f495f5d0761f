"""`anml submit`: carry a federation's run out on a SuperLink elsewhere."""

from __future__ import annotations

from pathlib import Path

import click

from anml_fl.commands.existing_path import ExistingPath
from anml_fl.commands.failure import errors_reported
from anml_fl.commands.help import Command
from server.commands.ending import ended_before, finish, interrupted
from server.commands.local import out_option
from server.commands.screen import screen, screen_options
from server.commands.track import read_tracks, track_option


@click.command(cls=Command)
@click.argument("folder", metavar="STATE", type=ExistingPath(files=True))
@click.option(
    "--superlink",
    "address",
    default="127.0.0.1:8000",
    show_default=True,
    metavar="HOST:PORT",
    help="Where SuperLink listens.",
)
@click.option("--database", help="Registry and ledger, if the settings name none.")
@track_option
@out_option
@screen_options
def submit(
    folder: Path,
    address: str,
    database: str | None,
    out: Path | None,
    tracks: tuple[str, ...],
    as_json: bool,
    quiet: bool,
) -> None:
    """Register a federation's nodes with its SuperLink, and carry its run out there.

    STATE is the folder that `anml up` made. The exit status says how the run ended: 0
    completed, 1 failed, 3 stopped, 2 could not be submitted.
    """
    from anml_fl.settings.reading import from_flat
    from server.deployment.remote import run_remote
    from server.deployment.state import State
    from server.orchestration.ledger_key import signing_with
    from server.orchestration.run_folder import default_folder
    from server.tracking.beside import tracked

    state = State(folder)
    with screen(as_json=as_json, quiet=quiet) as shown:
        with errors_reported(), signing_with(state.ledger_key):
            trackers = read_tracks(tracks)
            config = state.config()
            if database and not config.registry.database:
                config = from_flat({**config.to_flat(), "database": database})
            where = default_folder(config) if out is None else out
            status = "completed"
            if not ended_before(where, config, state, shown.console):
                how = "the same command goes on at the next round"
                with interrupted(where, how, shown), tracked(where, trackers):
                    status = run_remote(state, config, address, where, shown.console)
        finish(status, where, shown)
