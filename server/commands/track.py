"""`anml track`: tell trackers of a run; and `--track`, which does so as it goes on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from anml_fl.commands.failure import Failure, errors_reported

if TYPE_CHECKING:
    from server.tracking.asked import Asked

track_option = click.option(
    "--track",
    "tracks",
    multiple=True,
    metavar="NAME[=WHERE]",
    help="Tell each round to mlflow, tensorboard, wandb or jsonl as well. Repeat for several.",
)


def read_tracks(texts: tuple[str, ...]) -> list[Asked]:
    """Read what `--track` asked for, before anything trains.

    Raises
    ------
    ConfigError, UnknownNameError, UnusableError
        As of `read_asked`.
    """
    if not texts:
        return []
    from server.tracking.asked import read_asked

    return [read_asked(text) for text in dict.fromkeys(texts)]


@click.command()
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--to",
    "tracks",
    multiple=True,
    required=True,
    metavar="NAME[=WHERE]",
    help="mlflow, tensorboard, wandb or jsonl, and where it is. Repeat for several.",
)
def track(run: Path, tracks: tuple[str, ...]) -> None:
    """Tell trackers of RUN: every round that they lack, and how it ended.

    RUN is a run's folder; it may still go on. A round that a tracker has is not told again.
    What leaves this machine is in docs/trackers.md.
    """
    from anml_fl.run.files import CONFIG
    from anml_fl.run.no_run import no_run
    from server.tracking.sending import send
    from server.tracking.words import told

    with errors_reported():
        asked = read_tracks(tracks)
        if not (run / CONFIG).is_file():
            raise Failure(no_run(run))
        for one in asked:
            try:
                rounds, ended = send(run, one)
            except Exception as error:  # whatever a tracker's library raises
                raise Failure(f"{one.name}: {told(error)}") from error
            after = (
                "which has ended" if ended else "which goes on: the same command tells more"
            )
            click.echo(f"{one.name}: {rounds} rounds told of {run}, {after}")
