"""The nodes' command: `anml join`, with a table that stays here."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from anml_fl.commands.failure import errors_reported
from anml_fl.commands.help import Command

if TYPE_CHECKING:
    from clients.node_process import NodeFiles

_FILE = click.Path(path_type=Path, dir_okay=False)
_ADDRESS = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\s:/\[\]]+):(\d{1,5})")


@click.command(cls=Command)
@click.option("--superlink", required=True, metavar="HOST:PORT", help="Where SuperLink is.")
@click.option(
    "--data",
    required=True,
    metavar="FILE",
    help="This site's table: a file, a folder, or hf:NAME. It is read here and stays here.",
)
@click.option("--key", required=True, type=_FILE, help="This node's private key.")
@click.option(
    "--root-certificates", type=_FILE, help="SuperLink's authority.  [default: ca.crt]"
)
@click.option("--schema", type=_FILE, help="What all have agreed on.  [default: schema.toml]")
@click.option(
    "--egress", type=_FILE, help="What may leave.  [default: egress.toml, if it is there]"
)
@click.option("--warm", is_flag=True, help="Keep client processes warm: quicker rounds.")
def join(superlink: str, data: str, key: Path, warm: bool, **files: Path | None) -> None:
    """Take part in a federation with a table that stays on this machine.

    Files that are not named lie beside the key, in the folder that the federation's owner
    handed out. The table is held against the schema first. Until SuperLink knows this node's
    key it is tried again. Ctrl-C leaves.

    What may leave stands in egress.toml; what was held back is noted in egress.log beside the
    key. Flower's own files go into flwr beside it, or where FLWR_HOME says.
    """
    with errors_reported():
        from anml_fl.system.processes import stopped_by_signals
        from clients.node_process import keep_joined

        if not _ADDRESS.fullmatch(superlink):
            raise ValueError(
                f"--superlink must be HOST:PORT, as in 192.168.1.10:8000, got {superlink!r}"
            )
        found = node_files(key, data, **files)
        for line in examined(found):
            click.echo(line)
        environment = found.environment(os.environ, warm=warm)
        try:
            with stopped_by_signals():
                status = keep_joined(
                    lambda: found.command(superlink), environment, click.echo, superlink
                )
        except KeyboardInterrupt:
            click.echo("left the federation", err=True)
            status = 130
    sys.exit(status)


def node_files(
    key: Path,
    data: str,
    root_certificates: Path | None = None,
    schema: Path | None = None,
    egress: Path | None = None,
) -> NodeFiles:
    """Find what a node stands on: what is not named lies beside its key.

    Raises
    ------
    FileNotFoundError
        If a file is not there: naming it, and what it is.
    """
    from clients.node_process import NodeFiles

    folder = key.absolute().parent
    policy = egress or folder / "egress.toml"
    found = NodeFiles(
        key=key.absolute(),
        certificate=(root_certificates or folder / "ca.crt").absolute(),
        data=data if data.startswith("hf:") else str(Path(data).absolute()),
        schema=(schema or folder / "schema.toml").absolute(),
        egress=policy.absolute() if egress or policy.is_file() else None,
    )
    wanted = {
        "--key": (found.key, "this node's private key"),
        "--root-certificates": (found.certificate, "the certificate of SuperLink's authority"),
        "--schema": (found.schema, "what the table must hold"),
        "--egress": (found.egress, "what may leave this node"),
    }
    for option, (path, about) in wanted.items():
        if path is not None and not path.is_file():
            raise FileNotFoundError(
                f"{path} is not there: {about}; {option} names it, or lay it beside the key"
            )
    return found


def examined(found: NodeFiles) -> list[str]:
    """Examine what a node stands on, before anything is connected.

    Returns
    -------
    list of str
        What is there, in words, and what may leave.

    Raises
    ------
    ValueError
        If the key is open to others, or the schema or the policy says what cannot be.
    OSError
        If a file cannot be read, or the table does not fit the schema: of every column the
        first mistake.
    """
    from anml_fl.datasets.table import TableError
    from anml_fl.settings.egress import EgressPolicy, read_policy
    from anml_fl.system.private_files import refuse_exposed
    from anml_fl.tables.findings import findings
    from anml_fl.tables.one_site import of_one_site
    from anml_fl.tables.reading.source import read_columns
    from anml_fl.tables.schema_file import read_schema, schema_hash

    refuse_exposed(found.key)
    policy = EgressPolicy() if found.egress is None else read_policy(found.egress)
    schema = read_schema(found.schema)
    columns, alone = of_one_site(read_columns(found.data), schema)
    if wrong := findings(columns, alone):
        raise TableError("\n".join(wrong))
    return [
        f"{columns.where}: {columns.table.num_rows} rows, which fit schema"
        f" {schema_hash(schema)[:12]}",
        f"what may leave: {policy.told}",
        f"what is held back is noted in {found.record}",
    ]
