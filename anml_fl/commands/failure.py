"""What went wrong, as a command tells it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from anml_fl.system.files import cause

if TYPE_CHECKING:
    from collections.abc import Iterator


class Failure(click.ClickException):
    """What went wrong, without a traceback; exit code 2."""

    exit_code = 2


@contextmanager
def told(*more: type[Exception]) -> Iterator[None]:
    """Tell what a user can cause, ValueError, OSError and RuntimeError, as a `Failure`.

    Parameters
    ----------
    *more : exception classes
        Further ones.

    Raises
    ------
    Failure

    Examples
    --------
    >>> with told():
    ...     raise ValueError("size must be >= 1, got 0")
    Traceback (most recent call last):
    anml_fl.commands.failure.Failure: size must be >= 1, got 0
    """
    caught: tuple[type[Exception], ...] = (
        ValueError,
        OSError,
        RuntimeError,
        OverflowError,  # a number that a damaged file gives
        *more,
    )
    try:
        yield
    except BrokenPipeError:  # whoever reads has seen enough: click leaves without a word
        raise
    except caught as error:
        raise Failure(_said(error)) from error


def _said(error: Exception) -> str:
    """Say it without an operating system's numbers, and without a database's statements."""
    if isinstance(getattr(error, "orig", None), Exception):  # SQLAlchemy's, of a database
        from anml_fl.database.engine import explained  # not before: `anml --help` is quick

        return explained(error)  # type: ignore[arg-type]
    return cause(error)
