"""A database of registry and ledger: SQLite for one machine, PostgreSQL for several."""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from anml_fl.database.url import DatabaseError, located
from anml_fl.database.version import is_newest, upgrade

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine.interfaces import DBAPIConnection

    from anml_fl.database.url import Place

# How long one writer waits for another, and for a server to answer.
_WAIT_SECONDS = 60
_REACH_SECONDS = 10
# After which a message says what is waited for.
_SILENT_SECONDS = 2
_LOGGER = logging.getLogger(__name__)
# SQLite's cache of pages: with its own 2 MB a look at everyone's history reads them again.
_CACHE_KIB = 65_536
# Which lock of PostgreSQL is ours: "anml".
_LOCK = int.from_bytes(b"anml")


def open_database(where: str | Path) -> sa.Engine:
    """Open a database, and bring its tables to the newest version.

    One that is at this version is not written to: who only reads need not wait for a writer,
    nor be allowed to write.

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
        engine = _sqlite(_file(named.file), fixed=_fixed(named.file))
    try:
        with reading(engine) as connection:
            newest = is_newest(connection, named.shown)
        if engine.dialect.name == "sqlite":
            _write_ahead(engine)
        if not newest:
            with writing(engine) as connection:
                # Another process may have made the tables meanwhile.
                is_newest(connection, named.shown)
                upgrade(connection)
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

    Raises
    ------
    DatabaseError
        If its driver is not installed.
    """
    if find_spec("psycopg") is None:
        raise DatabaseError(
            f"{named.shown} needs the driver psycopg, which is not installed: pip install"
            " 'anml-fl[postgresql]'; a SQLite file needs none"
        )
    return sa.make_url(named.shown).set(drivername="postgresql+psycopg")


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Read one state of the database, whatever is written meanwhile.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        From `open_database`.
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
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_WAIT_SECONDS}s'")
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        yield connection


def _file(path: Path) -> sa.URL:
    if path.is_dir():
        raise DatabaseError(f"{path} is a folder: name a file, such as {path / 'anml.db'}")
    if not path.absolute().parent.is_dir():
        raise DatabaseError(f"{path} cannot be made: {path.absolute().parent} is no folder")
    return sa.URL.create("sqlite+pysqlite", database=str(path))


def _fixed(path: Path) -> bool:
    """Say whether a file stays as it is: where this user can make no journal, and none is.

    SQLite would not even read it: for that, too, it makes files beside it.
    """
    journal = path.with_name(path.name + "-wal")
    return (
        path.is_file()
        and not os.access(path.absolute().parent, os.W_OK)
        and not (journal.exists() and journal.stat().st_size)
    )


def _sqlite(url: sa.URL, *, fixed: bool = False) -> sa.Engine:
    # isolation_level=None: the driver begins no transaction by itself, since it begins them
    # too late (not before SELECT, not before CREATE) and never IMMEDIATE. `begin` does.
    if fixed:
        name = f"{Path(str(url.database)).absolute().as_uri()}?immutable=1&uri=true"
        url = sa.make_url(f"sqlite+pysqlite:///{name}")
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
        if connection.get_execution_options().get("anml_writes", False):
            _begin_writing(connection)
        else:
            connection.exec_driver_sql("BEGIN")

    return engine


def _begin_writing(connection: sa.Connection) -> None:
    """Take the lock; if that takes longer, say what is waited for."""
    driver: Any = connection.connection.dbapi_connection
    driver.execute(f"PRAGMA busy_timeout = {1000 * _SILENT_SECONDS}")
    try:
        driver.execute("BEGIN IMMEDIATE")
        return
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            _LOGGER.warning(
                "waiting for another process that writes to %s: for %d s at most",
                connection.engine.url.database,
                _WAIT_SECONDS,
            )
    finally:
        driver.execute(f"PRAGMA busy_timeout = {1000 * _WAIT_SECONDS}")
    connection.exec_driver_sql("BEGIN IMMEDIATE")


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
            if "readonly" in str(error):
                return  # it can be read; who would write gets an error
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        finally:
            connection.close()


def explained(error: sa.exc.DBAPIError | sqlite3.Error) -> str:
    """Say what a database said, and what would help where it says too little.

    Returns
    -------
    str
        Without statement and parameters.
    """
    said = " ".join(str(getattr(error, "orig", error)).split())
    if "database is locked" in said or "lock timeout" in said:
        return (
            f"{said}: another process has been writing to it for {_WAIT_SECONDS} s and more;"
            " wait for its end"
        )
    if "readonly" in said:
        return (
            f"{said}: this user may only read it; let it write to the file and its folder, or"
            " name another database"
        )
    return said


def _why(error: sa.exc.DBAPIError | sqlite3.Error, named: Place) -> str:
    said = explained(error)
    if named.file is not None:
        if "not a database" in said:
            return "it is no SQLite file; name one that is, or a new one"
        if said != str(getattr(error, "orig", error)):
            return said
        return f"{said}; see that the file and its folder can be written by this user"
    return f"{said}; see that the server runs, and that user and database are there"
