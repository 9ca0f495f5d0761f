"""`anml resume`: go on with a run that was interrupted."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import click

from anml_fl.commands.existing_path import ExistingPath
from anml_fl.commands.failure import Failure, errors_reported
from anml_fl.commands.help import Command
from server.commands.ending import tidy
from server.commands.local import run_on_this_machine
from server.commands.on_engine import run_on_engine
from server.commands.screen import COMPLETED, screen, screen_options
from server.commands.track import read_tracks, track_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from server.commands.on_engine import Load
    from server.commands.screen import Screen
    from server.tracking.asked import Asked


def resume_command(load: Load) -> click.Command:
    """Make the command.

    Parameters
    ----------
    load : callable
        As in `run_on_engine`.
    """

    @click.command(cls=Command)
    @click.argument("folder", metavar="RUN", type=ExistingPath(files=True))
    @track_option
    @screen_options
    def resume(folder: Path, tracks: tuple[str, ...], as_json: bool, quiet: bool) -> None:
        """Go on with a run that was interrupted, at its next round.

        RUN is its folder: it goes on with its own settings, on the engine that it began on.
        """
        from anml_fl.run.files import CONFIG, DEPLOYMENT, SUMMARY
        from anml_fl.run.no_run import no_run
        from server.deployment.record import read_record

        about = folder / DEPLOYMENT
        with screen(as_json=as_json, quiet=quiet) as shown:
            with errors_reported():
                trackers = read_tracks(tracks)
                if (folder / SUMMARY).exists():
                    _look_after(folder, shown)
                    return
                if not about.exists():
                    if not (folder / CONFIG).exists():
                        raise Failure(no_run(folder))
                    _go_on(folder, load, shown, trackers)
                    return
                record = read_record(about)
            run_on_this_machine(
                Path(record["state"]), folder, shown, trackers, warm=record["warm"]
            )

    return resume


def _look_after(folder: Path, shown: Screen) -> None:
    """See that a run that came to its end is as it was, and all of it there."""
    from anml_fl.run.files import DEPLOYMENT, REPORT
    from server.deployment.record import read_record
    from server.deployment.state import State
    from server.orchestration.integrity import check_unaltered

    check_unaltered(folder)
    if (about := folder / DEPLOYMENT).exists():
        tidy(State(Path(read_record(about)["state"])))
    if not (folder / REPORT).exists():
        from server.report.page import write_report

        write_report(folder)
    shown.console.print(f"{folder} came to its end: there is nothing to go on with")
    shown.answer(COMPLETED, folder)


def _go_on(folder: Path, load: Load, shown: Screen, trackers: Sequence[Asked]) -> None:
    """Go on inside this process."""
    from anml_fl.run.files import CONFIG, DEPLOYMENT
    from anml_fl.settings.reading import from_file

    config = from_file(folder / CONFIG)
    if config.engine == "deployment":
        raise Failure(
            f"{folder} has no {DEPLOYMENT}, so its federation was not started by"
            " `anml up --local`: `docker compose up`, or `anml submit STATE --out"
            f" {quote(str(folder))}`, goes on with it"
        )
    goes_on = f"`anml resume {quote(str(folder))}` goes on at the next round"
    run_on_engine(load, config, folder, shown, trackers, goes_on=goes_on)
