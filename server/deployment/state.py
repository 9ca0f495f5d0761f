"""The state folder of a federation: settings, behaviours, certificates and keys.

What is in it is made once and never overwritten: whoever runs the federation may replace
any of it by what their own authority, or the nodes themselves, made.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from anml_fl.authorisation.secret import read_secret
from anml_fl.federation.contributors import names_of
from anml_fl.settings.reading import from_file
from anml_fl.settings.section import ConfigError
from anml_fl.system.private_files import refuse_exposed
from server.deployment.behaviours import read_behaviours, with_behaviours
from server.deployment.sites_file import read_sites

if TYPE_CHECKING:
    from anml_fl.settings.run import RunConfig

# What a state folder holds: nothing else is taken for one.
_FOLDERS = ("superlink", "nodes", "table")
CONTENTS = (
    *_FOLDERS,
    "run.toml",
    "behaviours.toml",
    "sites.toml",
    "ca.key",
    "ca.crt",
    "ledger.key",
    "ledger.key.pub",
    "owner.secret",
    "page.token",
    "database.password",
    "compose.env",
    "local",
)
_SECRETS = ("**/*.key", "table/test*", "database.password", "owner.secret", "page.token")


@dataclass(frozen=True, slots=True)
class Node:
    """A node's files.

    Parameters
    ----------
    name : str
        The contributor.
    partition : int
        Its place among the contributors.
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

    @property
    def ca(self) -> Path:
        """The authority's certificate, where the folder is handed out."""
        return self.folder / "ca.crt"

    @property
    def schema(self) -> Path:
        """What its table must hold."""
        return self.folder / "schema.toml"

    @property
    def egress(self) -> Path:
        """What may leave it."""
        return self.folder / "egress.toml"


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
    def table(self) -> Path:
        """Folder with the schema of tables that stay on their nodes; empty without."""
        return self.folder / "table"

    @property
    def sites(self) -> Path:
        """Where the tables of nodes on this machine lie."""
        return self.folder / "sites.toml"

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
        """What SuperLink recognises its owner by where the kernel does not say who asks."""
        return self.folder / "owner.secret"

    @property
    def local(self) -> Path:
        """What processes on this machine keep."""
        return self.folder / "local"

    def made(self) -> list[Path]:
        """List what `anml up` makes, as far as it is there."""
        found = [self.folder / name for name in CONTENTS]
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
        listed = read_behaviours(self.behaviours)
        return self._located(with_behaviours(from_file(self.run), listed))

    def _located(self, config: RunConfig) -> RunConfig:
        """Give tables the places that they have on this machine, and their hash."""
        if not config.table.on_nodes:
            return config
        table = config.table
        named = {n: getattr(table, n) for n in ("schema_file", "test", "root_data")}
        paths = {
            n: str(self.folder.resolve() / one) if one else "" for n, one in named.items()
        }
        found = sha256()
        for path in map(Path, filter(None, paths.values())):
            found.update(sha256(path.read_bytes()).digest())
        chosen = table.model_copy(update={**paths, "digest": found.hexdigest()})
        return config.model_copy(update={"table": chosen})

    def tables(self) -> dict[str, Path]:
        """Say where the tables of nodes on this machine lie, by contributor.

        Raises
        ------
        ConfigError
            If the file that says it is damaged.
        """
        return read_sites(self.sites)

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
