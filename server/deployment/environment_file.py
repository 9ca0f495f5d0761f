"""The `.env` beside a compose file: the state folder, and how many nodes there are."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from anml_fl.datasets.prepare import contributor_id
from anml_fl.settings.section import ConfigError
from anml_fl.system.files import read_text, write_whole
from server.deployment.dotenv import Line, lines, with_values
from server.deployment.site_tables import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from server.deployment.state import Node, State

# So many nodes stand in docker-compose.yml; those beyond get a file of their own.
_LISTED, _MORE = 10, "docker-compose.nodes.yml"
# Under which account containers run if it is root who makes the federation: PostgreSQL refuses
# to be root, and nothing here needs it.
_ACCOUNT = 10001
_FIRST = "# Made by `anml up`: what it has to say is replaced, what you add is kept."
_DEFAULTS = {
    "ANML_RUNS": "./runs",
    "ANML_WARM": "0",
    "ANML_PORT": "8000",
    "ANML_PAGE_PORT": "8080",
}


def write_environment(
    state: State, nodes: Sequence[Node], folder: Path, *, warm: bool = False
) -> Path:
    """Write what docker compose reads; a file that somebody else made is left alone.

    Parameters
    ----------
    folder : Path
        Of the compose file.
    warm : bool
        Warm client processes and shorter polls.

    Returns
    -------
    Path
        `.env`, or `compose.env` in the state folder if `.env` is not ours.
    """
    where = str(state.folder.resolve())
    if ":" in where:
        raise ConfigError(
            f"{where} cannot be mounted into a container: docker compose takes the colon for"
            " the end of the name; choose another folder"
        )
    path = folder / ".env"
    before = _read(path)
    if before[0].text != _FIRST:
        path = state.folder / "compose.env"
        before = _read(path)
    values = {**_DEFAULTS, **{line.name: line.value for line in before if line.name}}
    runs = folder / values["ANML_RUNS"]
    # Docker would make it, as root's.
    runs.mkdir(parents=True, exist_ok=True)
    values |= {
        "ANML_STATE": where,
        **_account(state, runs),
        "ANML_NODES": str(len(nodes)),
        "COMPOSE_PROFILES": _profiles(values, nodes, state),
    }
    for node in nodes[:_LISTED]:
        if node.name != contributor_id(node.partition):
            values[f"ANML_NODE_{node.partition}"] = node.name
    for node in nodes:
        if table := state.tables().get(node.name):
            _check_readable(node, table, int(values["ANML_UID"]))
            values[f"ANML_DATA_{node.partition}"] = str(table)
            values[f"ANML_TABLE_{node.partition}"] = table.name
    if more := nodes[_LISTED:]:
        write_whole(folder / _MORE, _services(more).encode())
        values["COMPOSE_FILE"] = f"docker-compose.yml:{_MORE}"
    if warm:
        values["ANML_WARM"] = "1"
    write_whole(path, with_values(before, values).encode(), mode=0o600)
    return path


def _read(path: Path) -> list[Line]:
    """Read a file; one that is not there begins with our line."""
    found = lines(read_text(path), os.environ) if path.exists() else []
    return found or [Line(_FIRST)]


def _profiles(values: Mapping[str, str], nodes: Sequence[Node], state: State) -> str:
    """Say which nodes run here: all, unless somebody chose some of them.

    Where each has a table of its own: those whose tables are here.
    """
    if (state.table / SCHEMA).exists():
        here = state.tables()
        return ",".join(f"node-{node.partition}" for node in nodes if node.name in here)
    every = [f"node-{node.partition}" for node in nodes]
    before = [one for one in values.get("COMPOSE_PROFILES", "").split(",") if one]
    all_of_them = str(len(before)) == values.get("ANML_NODES", "0")
    chosen = [one for one in before if one in every]
    return ",".join(every if all_of_them or not chosen else chosen)


def _account(state: State, runs: Path) -> dict[str, str]:
    """Say under which account containers run: the owner's, who alone may read the keys."""
    uid, gid = os.getuid(), os.getgid()
    if uid == 0:
        uid = gid = _ACCOUNT
        for path in (state.folder, *state.made(), runs):
            os.chown(path, uid, gid, follow_symlinks=False)
    return {"ANML_UID": str(uid), "ANML_GID": str(gid)}


def _check_readable(node: Node, table: Path, uid: int) -> None:
    """Refuse a table that its container could not read, or not be given."""
    if ":" in str(table):
        raise ConfigError(
            f"{node.name}: {str(table)!r} cannot be mounted into a container: docker compose"
            " takes the colon for the end of the name; give it another one"
        )
    about = table.stat()
    if uid != os.getuid() and about.st_uid != uid and not about.st_mode & 0o004:
        raise ConfigError(
            f"{node.name}: {str(table)!r} cannot be read by account {uid}, under which its"
            f" container runs: `chown {uid}` it, or run `anml up` as its owner"
        )


def _services(nodes: Sequence[Node]) -> str:
    """Write the services of nodes that docker-compose.yml does not list."""
    lines = [_FIRST, "services:"]
    for node in nodes:
        mount = f"${{ANML_STATE:-./federation}}/nodes/{node.name}:/state/node:ro"
        table = f"${{ANML_DATA_{node.partition}:-/dev/null}}"
        name = f"${{ANML_TABLE_{node.partition}:-table.csv}}"
        lines += [
            f"  supernode-{node.partition}:",
            "    extends: {file: docker-compose.yml, service: supernode-0}",
            f"    profiles: [node-{node.partition}]",
            f'    environment: {{ANML_NODE: "{node.partition}", ANML_TABLE: "{name}"}}',
            # In the place of the first node's.
            f'    volumes: ["{mount}", "{table}:/site/table:ro"]',
        ]
    return "\n".join(lines) + "\n"
