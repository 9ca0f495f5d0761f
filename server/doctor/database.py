"""The database of registry and ledger: reachable, of this version, writable; its clock.

It is looked at and left as it is: opening it as a run does would bring its tables up to date.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from anml_fl.database.engine import explained, postgresql_url
from anml_fl.database.migrations.env import VERSION_TABLE
from anml_fl.database.url import DatabaseError, located
from anml_fl.database.version import migrations, tables_versions
from server.doctor.clock import compare
from server.doctor.finding import Finding, ok, problem, warning

if TYPE_CHECKING:
    from sqlalchemy import Connection

_NAME = "database"
_WAIT = 10


def check_database(where: str) -> list[Finding]:
    """Connect, compare the tables' version, and try to write.

    Parameters
    ----------
    where : str
        As in the setting `registry.database`.
    """
    try:
        named = located(where)
    except DatabaseError as error:
        return [problem(_NAME, "the database's URL cannot be used", str(error))]
    if postgresql := named.file is None:
        url = postgresql_url(named)
    elif named.file.exists():
        url = sa.URL.create("sqlite+pysqlite", database=named.shown)
    else:
        what = f"there is no {named.shown} yet"
        return [warning(_NAME, what, "`anml up` or `anml registry add` makes it")]
    arguments = {"connect_timeout": _WAIT} if postgresql else {"timeout": _WAIT}
    engine = sa.create_engine(
        url, connect_args=arguments, poolclass=sa.NullPool, hide_parameters=True
    )
    try:
        with engine.connect() as connection:
            found = (_server if postgresql else _file)(connection)
            return [_version(connection, named.shown), *found]
    except sa.exc.DBAPIError as error:
        said = explained(error)
        remedy = (
            "see that the server runs, that user and database are there, and the password"
            if postgresql
            else "see that it is a SQLite file which this user may write, and its folder too"
        )
        return [problem(_NAME, f"{named.shown}: {said}", remedy)]
    finally:
        engine.dispose()


def _version(connection: Connection, shown: str) -> Finding:
    """Compare the tables' version with the newest that this code knows."""
    tables = sa.inspect(connection).get_table_names()
    if VERSION_TABLE not in tables:
        if tables:
            return problem(
                _NAME,
                f"{shown} is no database of ours: it holds {', '.join(sorted(tables)[:3])}",
                "name a database that is empty or new",
            )
        return ok(_NAME, f"{shown} is empty: the first run makes its tables")
    versions = tables_versions(connection)
    if len(versions) != 1:
        held = ", ".join(versions) or "none"
        return problem(
            _NAME,
            f"{shown}: its table {VERSION_TABLE} must hold one version, and holds {held}",
            "bring the database back from the backup",
        )
    (found,) = versions
    scripts = migrations()
    newest = scripts.get_current_head()
    if found == newest:
        return ok(_NAME, f"{shown} has version {found}")
    if found in {script.revision for script in scripts.walk_revisions()}:
        what = (
            f"{shown} has version {found}, and this code {newest}: the next run brings it up"
        )
        return warning(
            _NAME, what, "make a backup first: older code cannot read it afterwards"
        )
    what = f"{shown} has version {found}, and this code only {newest}"
    return problem(_NAME, what, "upgrade anml-fl on this machine")


def _server(connection: Connection) -> list[Finding]:
    """Try PostgreSQL: what time it is there, and whether this user may write."""
    before = time.time()
    at = float(
        connection.exec_driver_sql("SELECT extract(epoch FROM clock_timestamp())").scalar_one()
    )
    found = [compare("PostgreSQL", (before + time.time()) / 2 - at)]
    version = connection.exec_driver_sql("SHOW server_version").scalar()
    standby = connection.exec_driver_sql("SELECT pg_is_in_recovery()").scalar()
    fixed = connection.exec_driver_sql("SHOW default_transaction_read_only").scalar() == "on"
    may = connection.exec_driver_sql(
        "SELECT has_schema_privilege(current_schema(), 'CREATE')"
    ).scalar()
    if standby or fixed:
        why = "a standby" if standby else "set to read only"
        remedy = (
            "name the primary, or: ALTER DATABASE ... SET default_transaction_read_only = off"
        )
        found.append(problem(_NAME, f"the server is {why}", remedy))
    elif not may:
        remedy = "let this user own the database: ALTER DATABASE ... OWNER TO ..."
        found.append(problem(_NAME, "this user may make no tables there", remedy))
    else:
        found.append(ok(_NAME, f"PostgreSQL {version}, and this user may write"))
    return found


def _file(connection: Connection) -> list[Finding]:
    """Try SQLite: whether the file is whole, and can be locked for writing."""
    if (said := connection.exec_driver_sql("PRAGMA quick_check").scalar()) != "ok":
        what = f"the SQLite file is damaged: {said}"
        return [problem(_NAME, what, "bring it back from the backup")]
    connection.rollback()
    path = Path(str(connection.engine.url.database))
    # SQLite would take the lock all the same.
    if not (os.access(path, os.W_OK) and os.access(path.absolute().parent, os.W_OK)):
        remedy = "let this user write to it and its folder, unless it is to read alone"
        return [
            problem(_NAME, f"{path}, or its folder, may only be read by this user", remedy)
        ]
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    connection.exec_driver_sql("ROLLBACK")
    return [ok(_NAME, "the SQLite file is whole, and this user may write")]
