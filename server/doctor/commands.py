"""`anml doctor`: what is wrong with an installation, and what to do."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from anml_fl.commands.help import Command
from anml_fl.system.files import read_text

if TYPE_CHECKING:
    from rich.table import Table

    from server.doctor.finding import Finding

_STATE = Path("federation")
_COLOURS = {"ok": "green", "warning": "yellow", "problem": "red"}
_PORTS = {"ANML_PORT": ("SuperLink", 8000), "ANML_PAGE_PORT": ("the page", 8080)}


@click.command(cls=Command)
@click.option(
    "--state",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help=f"Folder that `anml up` made.  [default: {_STATE}, if it is there]",
)
@click.option("--database", default="", help="Registry and ledger, if the settings name none.")
@click.option("--superlink", default="", metavar="HOST:PORT", help="A SuperLink that runs.")
@click.option("--data", default="", metavar="FILE", help="This site's own table, of a node.")
@click.option(
    "--schema",
    type=click.Path(path_type=Path),
    default="schema.toml",
    show_default=True,
    help="What the table must hold. The node's key and egress.toml are looked for beside it.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(
    state: Path | None, database: str, superlink: str, data: str, schema: Path, as_json: bool
) -> None:
    """Examine an installation, and say for each problem what to do.

    Nothing is changed. The exit status is 1 if there is a problem, and 0 if there is none, or
    warnings alone. With --superlink, nodes see what they would meet there: the certificate,
    the clock, a proxy; without, the ports are tried on which SuperLink and page would listen.
    With --data a node's own table is held against the schema, and it is told what may leave.
    """
    from anml_fl.system.terminal import console, show
    from server.doctor.bundle import checkout
    from server.doctor.examination import Installation, examine
    from server.doctor.own_table import OwnTable

    if state is None and _STATE.is_dir():
        state = _STATE
    named, policy = environment(Path(".env")), schema.with_name("egress.toml")
    installation = Installation(
        state=state,
        database=database,
        superlink=superlink,
        ports={} if superlink else ports(named),
        runs=Path(named.get("ANML_RUNS") or "runs"),
        secrets=(Path(".env"), *([schema.with_name("node.key")] if data else [])),
        checkout=checkout(),
        table=OwnTable(data, schema, policy if policy.exists() else None) if data else None,
    )
    found = examine(installation)
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], indent=2))
    else:
        show(table(found), console())
    sys.exit(any(one.status == "problem" for one in found))


def environment(path: Path) -> dict[str, str]:
    """Read the variables that docker compose finds in a file: NAME=VALUE, a line each.

    Parameters
    ----------
    path : Path
        Need not be there.

    Examples
    --------
    >>> environment(Path("there/is/none"))
    {}
    """
    from server.deployment.dotenv import lines

    if not path.is_file():
        return {}
    return {line.name: line.value for line in lines(read_text(path), os.environ) if line.name}


def ports(named: dict[str, str]) -> dict[str, int]:
    """Say what the deployment would listen on.

    Parameters
    ----------
    named : dict
        As `environment` reads it.

    Returns
    -------
    dict
        Who would listen, and where.

    Raises
    ------
    click.ClickException
        If a port is no number.

    Examples
    --------
    >>> ports({"ANML_PORT": "9000"})
    {'SuperLink': 9000, 'the page': 8080}
    """
    found = {}
    for name, (purpose, default) in _PORTS.items():
        text = named.get(name) or str(default)
        # Compose takes ADDRESS:PORT as well.
        number = text.rpartition(":")[2]
        if not number.isdigit() or not 0 < int(number) < 65536:
            raise click.ClickException(f"{name} in .env must be a port, got {text!r}")
        found[purpose] = int(number)
    return found


def table(found: list[Finding]) -> Table:
    """Lay findings out: what was examined, what was found; what to do where any is wrong."""
    from rich.table import Table
    from rich.text import Text

    remedies = any(one.remedy for one in found)
    laid = Table(show_lines=True)
    for head in ("", "check", "found", *(["what to do"] if remedies else [])):
        laid.add_column(head)
    for one in found:
        mark = Text(one.status, style=_COLOURS[one.status])
        # Text: what a file or a server said is no markup.
        texts = (one.check, one.what, *([one.remedy] if remedies else []))
        laid.add_row(mark, *map(Text, texts))
    return laid
