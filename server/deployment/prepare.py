"""Make a federation's state folder, or what is missing of it."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Any

import tomli_w

from anml_fl.authorisation.secret import make_secret
from anml_fl.federation.adoption import with_task
from anml_fl.federation.contributors import behaviours_of
from anml_fl.federation.given_names import check_names
from anml_fl.registry.keys import make_key
from anml_fl.settings.section import ConfigError
from anml_fl.system.files import make_folder, write_whole
from server.deployment.authority import issue, make_authority, make_node_key, write_once
from server.deployment.behaviours import without_behaviours
from server.deployment.own_modules import refuse_file
from server.deployment.settings import chosen, unchanged
from server.deployment.site_tables import (
    SCHEMA,
    found_tables,
    hand_out,
    in_state,
    refuse_table,
)
from server.deployment.sites_file import write_sites
from server.deployment.state import CONTENTS, State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from anml_fl.settings.run import RunConfig
    from server.deployment.state import Node

_FOLDER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def prepare(
    folder: Path,
    preset: str | None,
    flat: Mapping[str, Any],
    *,
    nodes: int | None = None,
    behaviours: Path | None = None,
    hosts: Sequence[str] = (),
    tables: Mapping[str, Path | None] | None = None,
) -> tuple[State, RunConfig]:
    """Make what is missing of a federation's state folder.

    Parameters
    ----------
    preset : str, optional
        Settings, TOML.
    flat : mapping
        Settings laid over it, by flat name.
    nodes : int, optional
        How many.
    behaviours : Path, optional
        A file that says who behaves how.
    hosts : sequence of str
        Under which names SuperLink is reached, besides this machine's.
    tables : mapping, optional
        Names of the nodes, and the tables of those that run on this machine.

    Raises
    ------
    ConfigError
        If what is asked for disagrees with itself, or with what is there.
    ExposedError
        If others may read or replace a key that is there.
    ValueError
        If the owner's secret cannot be used.
    OSError
        If a file cannot be made.
    """
    state = State(folder)
    new = not state.run.exists()
    if tables:
        flat = {**flat, "names": ",".join(tables)}
    config = (
        chosen(preset or "", flat, nodes, behaviours)
        if new
        else unchanged(state, preset, flat, nodes, behaviours)
    )
    _refuse_tables_of_no_use(config, tables or {})
    found: dict[str, bytes] = {}
    if new:
        check_names(config)
        refuse_table(config)
        refuse_file(config)
        found = found_tables(config)
        if config.training.task:
            config = with_task(config)
        config = in_state(config)
    listed = tomli_w.dumps({"behaviours": behaviours_of(config)}).encode()
    # The same words are what a crash left before it came to the file after them.
    listed_before = new and state.behaviours.exists()
    if listed_before and state.behaviours.read_bytes() != listed:
        raise ConfigError(
            f"{state.behaviours} is there, but no {state.run.name}: give it by"
            f" --behaviours from another place, or remove it"
        )
    members = state.nodes(config)
    _refuse_unfit(members, folder)
    make_folder(folder, 0o700)
    folder.chmod(0o700)
    state.refuse_exposed()
    # There for containers to mount, if with nothing in it.
    make_folder(state.table, 0o700)
    authority = (folder / "ca.key", state.ca)
    make_authority(*authority)
    issue(authority, state.server_key, state.server_certificate, hosts)
    for member in members:
        make_node_key(member.key, member.public)
    if not all(path.exists() for path in (state.ledger_key, folder / "ledger.key.pub")):
        make_key(state.ledger_key)
    if state.secret() is None:
        make_secret(state.owner_secret)
    for name in ("database.password", "page.token"):
        if not (folder / name).exists():
            write_once(folder / name, secrets.token_urlsafe(32).encode() + b"\n", 0o600)
    for name, content in found.items():
        write_whole(state.table / name, content, mode=0o644 if name == SCHEMA else 0o600)
    if config.table.on_nodes:
        hand_out(state, members)
        write_sites(state.sites, tables or {})
    if new:
        if not listed_before:
            write_once(state.behaviours, listed, 0o644)
        # Last: with it, the folder is complete.
        write_once(state.run, without_behaviours(config).encode(), 0o644)
    # With the places that tables have now.
    return state, state.config() if config.table.on_nodes else config


def _refuse_tables_of_no_use(config: RunConfig, tables: Mapping[str, Path | None]) -> None:
    """Refuse nodes' own tables where nothing says what is in them."""
    if not config.table.on_nodes and any(tables.values()):
        name, path = next((n, p) for n, p in tables.items() if p is not None)
        raise ConfigError(
            f"--nodes: {name}={path} is a table of its own, and nothing says what is in it:"
            " give --schema as well; `anml data describe` writes one"
        )


def _refuse_unfit(members: Sequence[Node], folder: Path) -> None:
    """Refuse names that cannot name a folder, and a folder that holds something else."""
    for member in members:
        if not _FOLDER_NAME.fullmatch(member.name):
            raise ConfigError(
                f"contributor {member.name!r} cannot name a folder: it must be letters,"
                " digits, dots, dashes and underscores"
            )
    if folder.is_dir() and (
        strange := sorted(
            path.name
            for path in folder.iterdir()
            # With the suffix: one that a crash kept from being written.
            if path.name.removesuffix(".partial") not in CONTENTS
        )
    ):
        raise ConfigError(
            f"{folder} holds {', '.join(strange[:3])}, so it is no federation's folder: give a"
            " new one by --state"
        )
