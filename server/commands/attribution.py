"""`anml attribution`: what each contributor's updates were worth."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from anml_fl.commands.existing_path import ExistingPath
from anml_fl.commands.failure import errors_reported
from anml_fl.commands.help import Command


@click.command(cls=Command)
@click.argument("run", type=ExistingPath())
@click.option("--seed", default=0, show_default=True, help="Of GTG-Shapley's sampling.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def attribution(run: Path, seed: int, as_json: bool) -> None:
    """Compare what RUN paid with what each contributor's updates were worth.

    RUN is the folder of a finished run. Beside the settled shares stand leave-one-out,
    GTG-Shapley and, for up to ten contributors, exact Shapley values, with their rank
    correlation. The result is a table, RUN/attribution.json and a part of RUN/report.html.
    """
    from anml_fl.system.terminal import console, show
    from server.attribution.table import table
    from server.attribution.valuation import run as value

    with errors_reported():
        try:
            found = value(run, console(stderr=as_json), seed=seed)
        except KeyboardInterrupt:
            click.echo("stopped; the run is as it was", err=True)
            sys.exit(130)
    if found.settled_by == "weights":
        click.echo(
            "there is no ledger: `settled` is by weights for which nothing vouches", err=True
        )
    if as_json:
        click.echo(found.to_json())
    else:
        show(table(found), console())
