"""`anml run`: train a federation on this machine."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from anml_fl.commands.failure import errors_reported
from anml_fl.commands.preset import preset_text
from anml_fl.commands.setting_options import SettingsCommand
from server.commands.on_engine import run_on_engine
from server.commands.screen import screen, screen_options
from server.commands.track import read_tracks, track_option

if TYPE_CHECKING:
    from collections.abc import Callable

    from server.commands.on_engine import Load

    Command = Callable[..., Any]

_GOES_ON = "the same command goes on with the unfinished strategies"


def run_command(
    load: Load, sweep_options: Callable[[Command], Command], sweep: Callable[..., None]
) -> click.Command:
    """Make the command.

    Parameters
    ----------
    load : callable
        As in `run_on_engine`.
    sweep_options : callable
        Adds `--seeds`, `--sweep` and `--jobs`.
    sweep : callable
        Carries out what they ask for; a preset's text, flat settings, the folder, `load`'s
        engine, the three options' values and the screen.
    """

    @click.command(cls=SettingsCommand)
    @click.argument("preset", required=False)
    @click.option(
        "--out",
        type=click.Path(file_okay=False),
        help="Folder for the results.  [default: runs/NAME]",
    )
    @click.option(
        "--hold-payouts",
        "bound",
        type=float,
        metavar="SHARE",
        help="Do not pay a round yet if more than this share of it would go to contributors"
        " whose updates lower the test score; `anml ledger release` and `void` decide.",
    )
    @track_option
    @screen_options
    @sweep_options
    def run(
        preset: str | None,
        out: str | None,
        bound: float | None,
        tracks: tuple[str, ...],
        as_json: bool,
        quiet: bool,
        **options: Any,
    ) -> None:
        """Train one federation under several strategies, side by side.

        PRESET is a TOML file, or the name of one that is shipped: default, no-attackers,
        label-skew, forged-credentials, reputation. Options override it. The results are a
        table, and a folder with every round's decisions, the ledger, the models, and
        report.html. A run that was interrupted goes on with the first strategy that had not
        finished.

        With --seeds or --sweep there are many runs, each in a folder of its own, and one table
        and one page of all; the same command goes on with those that have not ended.

        A strategy, behaviour, data set, model or scenario may be your own, as MODULE:OBJECT.

        With --json standard output holds one document, at the end: status, folder, report and
        summary, which is the folder's summary.json; of many runs sweep.json in its place.
        """
        from anml_fl.settings.reading import from_toml, parse_behaviours

        if out == "":
            raise click.UsageError("--out must name a folder, got an empty text")
        many = {name: options.pop(name) for name in ("seeds", "sweeps", "jobs")}
        given = {name: value for name, value in options.items() if value not in (None, ())}
        try:
            with screen(as_json=as_json, quiet=quiet) as shown, errors_reported():
                trackers = read_tracks(tracks)
                if "behaviours" in given:
                    given["behaviours"] = parse_behaviours(list(given["behaviours"]))
                flat = {name.replace("_", "-"): value for name, value in given.items()}
                place = None if out is None else Path(out)
                if any(value not in (None, ()) for value in many.values()):
                    if bound is not None:
                        raise click.UsageError(
                            "--hold-payouts goes with one run, whose rounds somebody decides"
                            " on: leave --seeds, --sweep and --jobs out"
                        )
                    told = partial(load(), trackers=trackers)
                    sweep(preset_text(preset), flat, place, told, many, shown)
                    return
                config = from_toml(preset_text(preset), flat)
                run_on_engine(load, config, place, shown, trackers, bound, goes_on=_GOES_ON)
        except KeyboardInterrupt:
            click.echo(f"stopped; {_GOES_ON}", err=True)
            sys.exit(130)

    return run
