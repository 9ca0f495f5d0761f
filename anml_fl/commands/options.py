"""Options that several commands share, and the database that one of them names."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from anml_fl.commands.failure import Failure, told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from anml_fl.registry.sql import SqlRegistry

    Command = Callable[..., None]


def time_option(
    name: str, *, begins: bool = False, **more: Any
) -> Callable[[Command], Command]:
    """Make an option that takes a date as a person writes it.

    Parameters
    ----------
    name : str
        With its dashes.
    begins : bool
        Whether something is so from then on: today's date has begun, wherever it was written.
    **more
        As `click.option` takes it.

    Returns
    -------
    callable
        The decorator.
    """

    def read(ctx: click.Context, param: click.Parameter, value: str | None) -> datetime | None:
        from anml_fl.registry.clock import begun, now, parse

        if value is None:
            return None
        try:
            return begun(value, now()) if begins else parse(value)
        except ValueError as error:
            raise click.BadParameter(str(error)) from error

    return click.option(name, metavar="TIME", callback=read, **more)


key_option = click.option(
    "--key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The server's public key.  [default: ledger.pub beside the ledger]",
)
KEY_CAME_ALONG = (
    "This key came with the ledger: whoever made up one can make up both. Compare it with the"
    " server's, or give that with --key."
)

at_option = time_option("--at", help="As it was known then.  [default: now]")


def shared(command: Command) -> Command:
    """Give a command --database and --json."""
    json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
    database = click.option(
        "--database",
        envvar="ANML_REGISTRY",
        default="registry.db",
        show_default=True,
        show_envvar=True,
        metavar="PATH_OR_URL",
        help="A file (SQLite), or postgresql://USER@HOST/DATABASE.",
    )
    return database(json(command))


@contextmanager
def opened(database: str, *, make: bool = False) -> Iterator[SqlRegistry]:
    """Open the registry, and tell what goes wrong in it without a traceback.

    Parameters
    ----------
    database : str
        Path or URL.
    make : bool
        Whether to make a database that is not there.

    Raises
    ------
    Failure
    """
    from sqlalchemy.exc import SQLAlchemyError

    from anml_fl.database.engine import open_database
    from anml_fl.database.url import located
    from anml_fl.registry.clock import now
    from anml_fl.registry.instants import remark
    from anml_fl.registry.sql import SqlRegistry

    with told(SQLAlchemyError):
        file = located(database).file
        if not make and file is not None and not file.exists():
            raise Failure(
                f"there is no registry at {file}: `anml registry add` makes one; or name"
                " another with --database or ANML_REGISTRY"
            )
        engine = open_database(database)
        try:
            held = SqlRegistry(engine, clock=now)
            if note := remark(held.now(), now()):
                click.echo(f"note: {note}", err=True)
            yield held
        finally:
            engine.dispose()
