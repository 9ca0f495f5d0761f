"""The version of a database's tables: read, compared with this code's, brought up to it."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from anml_fl.database.migrations.env import VERSION_TABLE
from anml_fl.database.url import DatabaseError


def is_newest(connection: sa.Connection, shown: str) -> bool:
    """Say whether the tables are there in this version.

    A database of somebody else's is refused, and one from the future.
    """
    tables = sa.inspect(connection).get_table_names()
    if VERSION_TABLE not in tables:
        if tables:
            raise DatabaseError(
                f"{shown} is no database of ours: it holds"
                f" {', '.join(sorted(tables)[:5])}, but no {VERSION_TABLE}. Name a database"
                " that is empty or new"
            )
        return False
    versions = tables_versions(connection)
    if len(versions) != 1:
        raise DatabaseError(
            f"{shown}: its table {VERSION_TABLE} must hold one version, and holds"
            f" {', '.join(map(repr, versions)) or 'none'}: bring the database back from the"
            " backup"
        )
    (version,) = versions
    scripts = migrations()
    try:
        scripts.get_revision(version)
    except CommandError as error:
        raise DatabaseError(
            f"{shown} has version {version}, which is newer than this code: upgrade anml-fl"
        ) from error
    return version == scripts.get_current_head()


def tables_versions(connection: sa.Connection) -> list[str]:
    """Read which version a database's tables have.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        Of a database that has the table for it.

    Returns
    -------
    list of str
        One, unless the database is damaged.
    """
    column = sa.column("version_num", sa.Text)
    found = connection.execute(sa.select(column).select_from(sa.table(VERSION_TABLE)))
    return [str(version) for version in found.scalars()]


def migrations() -> ScriptDirectory:
    """Read which versions there are."""
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    config = Config()
    folder = str(Path(__file__).parent / "migrations")
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def upgrade(connection: sa.Connection) -> None:
    """Bring the tables to the newest version."""
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
