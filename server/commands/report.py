"""`anml report`: write a run's page anew."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from anml_fl.commands.failure import errors_reported


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def report(folder: Path) -> None:
    """Write report.html anew from the results in FOLDER.

    A run that does not fit its ledger, or has none, gets a page that says so above all else;
    the exit code is 1 then.
    """
    from anml_fl.run.parsing import parsed_once
    from anml_fl.run.verification import verify_run
    from server.report.page import write_report

    with errors_reported():
        parse = parsed_once()
        verification = verify_run(folder, parse)
        if verification.warning:
            click.echo(verification.warning, err=True)
        click.echo(write_report(folder, verification, parse))
    if verification.warning:
        sys.exit(1)
