"""`anml page`: serve the pages of runs."""

from __future__ import annotations

import os
from pathlib import Path

import click

from anml_fl.commands.failure import errors_reported
from anml_fl.commands.help import Command


@click.command(cls=Command)
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="0 takes a free one.",
)
@click.option(
    "--allow-host",
    "hosts",
    multiple=True,
    metavar="NAME",
    help="Name under which readers reach it, such as a proxy's. Repeat for several.",
)
@click.option(
    "--token-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Holds what readers must show; the environment's ANML_PAGE_TOKEN does too.",
)
def page(
    folder: Path, host: str, port: int, hosts: tuple[str, ...], token_file: Path | None
) -> None:
    """Serve the page of a run, or of each run in FOLDER, read-only, while it runs and after.

    FOLDER may not be there yet: the page then says that the run is starting.

    Served are who counts how much and why, round by round, the report, and the files that
    others may check: summary, manifest, settings, rounds, and the ledger with its public key.
    Where others than this machine can reach it, readers must show a token: without
    --token-file one is made, and printed once with the address.
    """
    from server.page.serving import serve

    with errors_reported():
        serve(folder, host, port, hosts, _token(token_file))


def _token(file: Path | None) -> str:
    """Read the token, if there is to be one that is known beforehand."""
    if file is None:
        return os.environ.get("ANML_PAGE_TOKEN", "")
    try:
        text = file.read_text(encoding="ascii").strip()
    except UnicodeDecodeError:
        raise ValueError(f"{file} must hold a token in ASCII") from None
    if not text:
        raise ValueError(f"{file} is empty: it must hold the page's token")
    return text
