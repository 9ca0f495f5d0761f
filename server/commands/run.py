"""`anml run`: train a federation on this machine."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from anml_fl.commands.failure import errors_reported
from anml_fl.commands.preset import preset_text
from anml_fl.commands.setting_options import SettingsCommand
from server.commands.on_engine import run_on_engine

if TYPE_CHECKING:
    from server.commands.on_engine import Load


def run_command(load: Load) -> click.Command:
    """Make the command.

    Parameters
    ----------
    load : callable
        As in `run_on_engine`.
    """

    @click.command(cls=SettingsCommand)
    @click.argument("preset", required=False)
    @click.option(
        "--out",
        type=click.Path(file_okay=False),
        help="Folder for the results.  [default: runs/NAME]",
    )
    def run(preset: str | None, out: str | None, **options: Any) -> None:
        """Train one federation under several strategies, side by side.

        PRESET is a TOML file, or the name of one that is shipped: default, no-attackers,
        label-skew, forged-credentials, reputation. Options override it. The results are a
        table, and a folder with every round's decisions, the ledger, the models, and
        report.html. A run that was interrupted goes on with the first strategy that had not
        finished.

        A strategy, behaviour, data set, model or scenario may be your own, as MODULE:OBJECT.
        """
        from rich.console import Console

        from anml_fl.settings.reading import from_toml, parse_behaviours

        if out == "":
            raise click.UsageError("--out must name a folder, got an empty text")
        given = {name: value for name, value in options.items() if value not in (None, ())}
        try:
            with errors_reported():
                if "behaviours" in given:
                    given["behaviours"] = parse_behaviours(list(given["behaviours"]))
                flat = {name.replace("_", "-"): value for name, value in given.items()}
                config = from_toml(preset_text(preset), flat)
                run_on_engine(load, config, None if out is None else Path(out), Console())
        except KeyboardInterrupt:
            click.echo(
                "stopped; the same command goes on with the unfinished strategies", err=True
            )
            sys.exit(130)

    return run
