"""The state folder of a federation: settings, behaviours, certificates and keys.

What is in it is made once and never overwritten: whoever runs the federation may replace
any of it by what their own authority, or the nodes themselves, made.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import tomli_w

from anml_fl.federation.contributors import behaviours_of, names_of
from anml_fl.orders.secret import make_secret, read_secret
from anml_fl.registry.keys import make_key
from anml_fl.settings.reading import from_file
from anml_fl.settings.section import ConfigError
from anml_fl.system.files import make_folder
from anml_fl.system.private import refuse_exposed
from server.deployment.authority import issue, make_authority, make_node_key, write_once
from server.deployment.behaviours import cast_by, read_behaviours, without_roles
from server.deployment.settings import chosen, unchanged

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from anml_fl.settings.run import RunConfig

# What a state folder holds: nothing else is taken for one.
_FOLDERS = ("superlink", "nodes")
_OWN = (
    *_FOLDERS,
    "run.toml",
    "behaviours.toml",
    "ca.key",
    "ca.crt",
    "ledger.key",
    "ledger.key.pub",
    "owner.secret",
    "database.password",
    "compose.env",
    "local",
)
_SECRETS = ("**/*.key", "database.password", "owner.secret")
_FOLDER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Node:
    """A node's files.

    Parameters
    ----------
    name : str
        The contributor.
    partition : int
        Its place among the contributors.
    folder : Path
    """

    name: str
    partition: int
    folder: Path

    @property
    def key(self) -> Path:
        """Private key, OpenSSH."""
        return self.folder / "node.key"

    @property
    def public(self) -> Path:
        """Public key, OpenSSH's one line."""
        return self.folder / "node.pub"


@dataclass(frozen=True, slots=True)
class State:
    """A federation's state folder."""

    folder: Path

    @property
    def run(self) -> Path:
        """Settings of the run."""
        return self.folder / "run.toml"

    @property
    def behaviours(self) -> Path:
        """Who behaves how."""
        return self.folder / "behaviours.toml"

    @property
    def ca(self) -> Path:
        """The authority's certificate."""
        return self.folder / "ca.crt"

    @property
    def server_key(self) -> Path:
        """SuperLink's key."""
        return self.folder / "superlink" / "server.key"

    @property
    def server_certificate(self) -> Path:
        """SuperLink's certificate."""
        return self.folder / "superlink" / "server.crt"

    @property
    def ledger_key(self) -> Path:
        """The key that signs the ledger."""
        return self.folder / "ledger.key"

    @property
    def owner_secret(self) -> Path:
        """What SuperLink's owner is known by where the kernel does not tell."""
        return self.folder / "owner.secret"

    @property
    def local(self) -> Path:
        """What processes on this machine keep."""
        return self.folder / "local"

    def made(self) -> list[Path]:
        """List what `anml up` makes, as far as it is there."""
        found = [self.folder / name for name in _OWN]
        found += [path for name in _FOLDERS for path in (self.folder / name).glob("**/*")]
        return [path for path in found if path.exists() and not path.is_symlink()]

    def secrets(self) -> list[Path]:
        """List the files that nobody else may read, as far as they are there."""
        return sorted({path for one in _SECRETS for path in self.folder.glob(one)})

    def refuse_exposed(self) -> None:
        """Refuse to use secrets that others may read or replace.

        Raises
        ------
        ExposedError
            Naming the first one, and what to do.
        """
        for path in self.secrets():
            refuse_exposed(path)

    def config(self) -> RunConfig:
        """Read the settings, with everybody's behaviour.

        Raises
        ------
        ConfigError
            If a file is missing or bad, or the two disagree.
        """
        if not self.run.is_file():
            raise ConfigError(
                f"{self.folder} has no {self.run.name}: `anml up --state"
                f" {quote(str(self.folder))}` makes it"
            )
        return cast_by(from_file(self.run), read_behaviours(self.behaviours))

    def secret(self) -> str | None:
        """Read the owner's secret, if there is one.

        Raises
        ------
        ValueError
            If others can read it, or it is none.
        """
        return read_secret(self.owner_secret) if self.owner_secret.exists() else None

    def nodes(self, config: RunConfig) -> tuple[Node, ...]:
        """List the nodes of a federation."""
        return tuple(
            Node(name, place, self.folder / "nodes" / name)
            for place, name in enumerate(names_of(config))
        )


def prepare(
    folder: Path,
    preset: str | None,
    flat: Mapping[str, Any],
    *,
    nodes: int | None = None,
    behaviours: Path | None = None,
    hosts: Sequence[str] = (),
) -> tuple[State, RunConfig]:
    """Make what is missing of a federation's state folder.

    Parameters
    ----------
    folder : Path
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
    config = (
        chosen(preset or "", flat, nodes, behaviours)
        if new
        else unchanged(state, preset, flat, nodes, behaviours)
    )
    roles = tomli_w.dumps({"behaviours": behaviours_of(config)}).encode()
    # The same words are what a crash left before it came to the file after them.
    cast = new and state.behaviours.exists()
    if cast and state.behaviours.read_bytes() != roles:
        raise ConfigError(
            f"{state.behaviours} is there, but no {state.run.name}: give it by"
            f" --behaviours from another place, or remove it"
        )
    members = state.nodes(config)
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
            if path.name.removesuffix(".partial") not in _OWN
        )
    ):
        raise ConfigError(
            f"{folder} holds {', '.join(strange[:3])}, so it is no federation's folder: give a"
            " new one by --state"
        )
    make_folder(folder, 0o700)
    folder.chmod(0o700)
    state.refuse_exposed()
    authority = (folder / "ca.key", state.ca)
    make_authority(*authority)
    issue(authority, state.server_key, state.server_certificate, hosts)
    for member in members:
        make_node_key(member.key, member.public)
    if not all(path.exists() for path in (state.ledger_key, folder / "ledger.key.pub")):
        make_key(state.ledger_key)
    if state.secret() is None:
        make_secret(state.owner_secret)
    password = folder / "database.password"
    if not password.exists():
        write_once(password, secrets.token_urlsafe(32).encode() + b"\n", 0o600)
    if new:
        if not cast:
            write_once(state.behaviours, roles, 0o644)
        # Last: with it, the folder is complete.
        write_once(state.run, without_roles(config).encode(), 0o644)
    return state, config
