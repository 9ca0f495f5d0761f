"""What a function of a task's module failed with: which one, for whom, and what it says."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from anml_fl.catalogue import UnusableError
from anml_fl.settings.section import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def told(called: str, whose: str = "") -> Iterator[None]:
    """Say what failed, whatever its error is: where the data are the reader's own.

    Parameters
    ----------
    called : str
        The function.
    whose : str
        The contributor for whom it was called; empty for nobody.

    Raises
    ------
    ConfigError
        In place of any error that is not about settings.

    Examples
    --------
    >>> with told("task.load_data", "north"):
    ...     [][1]
    Traceback (most recent call last):
    anml_fl.settings.section.ConfigError: task.load_data failed for north: IndexError: list ...
    """
    try:
        yield
    except (ConfigError, UnusableError):
        raise
    # SystemExit is none: the command would end as if all were well.
    except (Exception, SystemExit) as error:
        at = f" for {whose}" if whose else ""
        raise ConfigError(f"{called} failed{at}: {type(error).__name__}: {error}") from error
