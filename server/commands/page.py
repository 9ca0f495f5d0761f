"""`anml page`: serve the pages of runs."""

from __future__ import annotations

from pathlib import Path

import click

from anml_fl.commands.failure import errors_reported


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="0 takes a free one.",
)
def page(folder: Path, host: str, port: int) -> None:
    """Serve the page of a run, or of each run in FOLDER, read-only.

    Served are the report, or how far the run is, and the files that others may check:
    summary, manifest, settings, rounds, and the ledger with its public key.
    """
    from server.report.serving import serve

    with errors_reported():
        serve(folder, host, port)
