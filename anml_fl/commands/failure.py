"""The boundary at which an error becomes a message and an exit status."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from anml_fl.system.files import cause

if TYPE_CHECKING:
    from collections.abc import Iterator

_REPORTED: tuple[type[Exception], ...] = (
    ValueError,
    OSError,
    RuntimeError,
    OverflowError,  # a number that a damaged file gives
)


class Failure(click.ClickException):
    """What went wrong, without a traceback; exit code 2."""

    exit_code = 2


@contextmanager
def errors_reported(*more: type[Exception]) -> Iterator[None]:
    """Report what a user can cause, ValueError, OSError, RuntimeError, a database's error.

    Parameters
    ----------
    *more : exception classes
        Further ones.

    Raises
    ------
    Failure

    Examples
    --------
    >>> with errors_reported():
    ...     raise ValueError("size must be >= 1, got 0")
    Traceback (most recent call last):
    anml_fl.commands.failure.Failure: size must be >= 1, got 0
    """
    try:
        yield
    except BrokenPipeError:  # whoever reads has seen enough: click leaves without a word
        raise
    except Exception as error:
        if not isinstance(error, (*_REPORTED, *more, *_of_databases())):
            raise
        raise Failure(_message(error)) from error


def _of_databases() -> tuple[type[Exception], ...]:
    """Name SQLAlchemy's errors, where it was imported: `anml --help` is quick."""
    loaded = sys.modules.get("sqlalchemy.exc")
    return (loaded.SQLAlchemyError,) if loaded else ()


def _message(error: Exception) -> str:
    """Write it without an operating system's numbers, and without a database's statements."""
    if isinstance(getattr(error, "orig", None), Exception):  # SQLAlchemy's, of a database
        from anml_fl.database.engine import explained  # not before: `anml --help` is quick

        return explained(error)  # type: ignore[arg-type] # not imported for its class either
    return cause(error)
