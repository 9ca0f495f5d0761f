"""Options that several commands share, and the database that one of them names."""

from __future__ import annotations

from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from anml_fl.commands.failure import Failure, errors_reported
from anml_fl.commands.output import show_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from anml_fl.registry.sql import SqlRegistry

    Command = Callable[..., None]
    Shown = str | Callable[[], None]
    Answer = tuple[object, Shown]


def time_option(
    name: str, *, begins: bool = False, **more: Any
) -> Callable[[Command], Command]:
    """Make an option that takes a date as a person writes it.

    Parameters
    ----------
    begins : bool
        Whether something is so from then on: today's date has begun, wherever it was written.
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


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
database_option = click.option(
    "--database",
    envvar="ANML_REGISTRY",
    default="registry.db",
    show_default=True,
    show_envvar=True,
    metavar="PATH_OR_URL",
    help="A file (SQLite), or postgresql://USER@HOST/DATABASE.",
)
open_option = click.option(
    "--open", "unfinished", is_flag=True, help="Accept a run that still goes on."
)
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


def in_registry(
    *, make: bool = False, check: Callable[..., None] | None = None
) -> Callable[[Callable[..., Answer]], Command]:
    """Run a command in the registry that --database names, and print its answer.

    The command is given the open registry and an instant, --at or now, before its own
    parameters. It returns what --json prints, and what is for people: a text, or a function
    that prints.

    Parameters
    ----------
    make : bool
        Whether to make a database that is not there.
    check : callable, optional
        Called with the command's own parameters before the database is opened.
    """

    def decorate(command: Callable[..., Answer]) -> Command:
        @wraps(command)
        def run(
            database: str, as_json: bool, at: datetime | None = None, **given: Any
        ) -> None:
            if check is not None:
                check(**given)
            with _opened(database, make=make) as held:
                fact, shown = command(held, at or held.now(), **given)
            answer(as_json, fact, shown)

        return database_option(json_option(run))

    return decorate


def answer(as_json: bool, fact: object, shown: Shown) -> None:
    """Print a fact as JSON, or what is for people."""
    if as_json:
        show_json(fact)
    elif callable(shown):
        shown()
    else:
        click.echo(shown)


@contextmanager
def _opened(database: str, *, make: bool) -> Iterator[SqlRegistry]:
    """Open the registry, and report what goes wrong in it without a traceback."""
    from anml_fl.database.engine import open_database
    from anml_fl.database.url import located
    from anml_fl.registry.clock import now
    from anml_fl.registry.instants import remark
    from anml_fl.registry.sql import SqlRegistry

    with errors_reported():
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
