"""A database of registry and ledger: SQLite for one machine, PostgreSQL for several."""

from __future__ import annotations

import sqlite3
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from anml_fl.database.migrations.env import VERSION_TABLE
from anml_fl.database.url import DatabaseError, located

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine.interfaces import DBAPIConnection

    from anml_fl.database.url import Place

# How long one writer waits for another, and for a server to answer.
_WAIT_SECONDS = 60
_REACH_SECONDS = 10
# SQLite's cache of pages: with its own 2 MB a look at everyone's history reads them again.
_CACHE_KIB = 65_536
# Which lock of PostgreSQL is ours: "anml".
_LOCK = int.from_bytes(b"anml")


def open_database(where: str | Path) -> sa.Engine:
    """Open a database, and bring its tables to the newest version.

    Parameters
    ----------
    where : str or Path
        A path (SQLite), "sqlite:///PATH", or "postgresql://USER@HOST/DATABASE". A password
        comes from PGPASSWORD, ~/.pgpass or a service file, never from here.

    Returns
    -------
    sqlalchemy.Engine
        Read with `reading(engine)`, write with `writing(engine)`.

    Raises
    ------
    DatabaseError
        If the database cannot be reached, is not ours, or is newer than this code; or what
        names it may hold a secret: `anml_fl.database.url`.

    Examples
    --------
    >>> open_database("postgresql://anml:secret@host/anml")
    Traceback (most recent call last):
    anml_fl.database.url.DatabaseError: the database's URL holds a password ...
    """
    named = located(where)
    if named.file is None:
        engine = _postgresql(postgresql_url(named))
    else:
        engine = _sqlite(_file(named.file))
    try:
        if engine.dialect.name == "sqlite":
            _write_ahead(engine)
        with writing(engine) as connection:
            _check(connection, named.shown)
            _upgrade(connection)
    except (sa.exc.DBAPIError, sqlite3.Error) as error:
        engine.dispose()
        raise DatabaseError(f"{named.shown} cannot be used: {_why(error, named)}") from error
    except DatabaseError:
        engine.dispose()
        raise
    return engine


def postgresql_url(named: Place) -> sa.URL:
    """Name a PostgreSQL database as SQLAlchemy does.

    Parameters
    ----------
    named : Place
        No file.

    Returns
    -------
    sqlalchemy.URL
    """
    return sa.make_url(named.shown).set(drivername="postgresql+psycopg")


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Read one state of the database, whatever is written meanwhile.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        From `open_database`.

    Yields
    ------
    sqlalchemy.Connection
    """
    if engine.dialect.name == "postgresql":  # SQLite does so anyway
        engine = engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
    with engine.begin() as connection:
        yield connection


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Write in one transaction, one writer at a time: what is read in it stays true.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        From `open_database`.

    Yields
    ------
    sqlalchemy.Connection
        Committed at the end, or rolled back on an exception.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     engine = open_database(Path(folder, "anml.db"))
    ...     with writing(engine) as connection:
    ...         connection.execute(sa.text("SELECT count(*) FROM ledger")).scalar()
    ...     engine.dispose()
    0
    """
    with engine.execution_options(anml_writes=True).begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        yield connection


def _file(path: Path) -> sa.URL:
    if path.is_dir():
        raise DatabaseError(f"{path} is a folder: name a file, such as {path / 'anml.db'}")
    if not path.absolute().parent.is_dir():
        raise DatabaseError(f"{path} cannot be made: {path.absolute().parent} is no folder")
    return sa.URL.create("sqlite+pysqlite", database=str(path))


def _sqlite(url: sa.URL) -> sa.Engine:
    # isolation_level=None: the driver begins no transaction by itself, since it begins them
    # too late (not before SELECT, not before CREATE) and never IMMEDIATE. `begin` does.
    engine = sa.create_engine(
        url,
        connect_args={"isolation_level": None, "timeout": _WAIT_SECONDS},
        hide_parameters=True,  # in errors: rows are the registry's affair
    )

    @sa.event.listens_for(engine, "connect")
    def connect(connection: DBAPIConnection, record: object) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        # A reader that turns writer may find that another has written since, and fail: so a
        # writer asks for the lock at once, and waits for it.
        writes = connection.get_execution_options().get("anml_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgresql(url: sa.URL) -> sa.Engine:
    # Read committed: a writer, once it has the lock, sees what the one before it wrote.
    arguments: dict[str, Any] = {}
    if "connect_timeout" not in url.query:
        arguments["connect_timeout"] = _REACH_SECONDS
    return sa.create_engine(
        url,
        connect_args=arguments,
        pool_pre_ping=True,
        isolation_level="READ COMMITTED",
        hide_parameters=True,
    )


def _write_ahead(engine: sa.Engine) -> None:
    """Let readers go on while one writes; the file remembers it.

    SQLite does not wait for its lock here, so of several first openers all but one try again.
    """
    deadline = time.monotonic() + _WAIT_SECONDS
    while True:
        connection = engine.raw_connection()
        try:
            connection.cursor().execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        finally:
            connection.close()


def _check(connection: sa.Connection, shown: str) -> None:
    """Refuse a database of somebody else's, and one from the future."""
    tables = sa.inspect(connection).get_table_names()
    if VERSION_TABLE not in tables:
        if tables:
            raise DatabaseError(
                f"{shown} is no database of ours: it holds"
                f" {', '.join(sorted(tables)[:5])}, but no {VERSION_TABLE}. Name a database"
                " that is empty or new"
            )
        return
    version = connection.execute(
        sa.select(sa.column("version_num", sa.Text)).select_from(sa.table(VERSION_TABLE))
    ).scalar()
    try:
        ScriptDirectory.from_config(_config()).get_revision(str(version))
    except CommandError as error:
        raise DatabaseError(
            f"{shown} has version {version}, which is newer than this code: upgrade anml-fl"
        ) from error


def _config() -> Config:
    config = Config()
    folder = str(Path(__file__).parent / "migrations")
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _upgrade(connection: sa.Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _why(error: sa.exc.DBAPIError | sqlite3.Error, named: Place) -> str:
    said = " ".join(str(getattr(error, "orig", error)).split())
    if named.file is not None:
        if "not a database" in said:
            return "it is no SQLite file; name one that is, or a new one"
        return f"{said}; see that the file and its folder can be written"
    return f"{said}; see that the server runs, and that user and database are there"
