"""Packages that only an extra brings: imported when they are asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def extra(package: str, name: str, otherwise: str) -> Any:
    """Import a package, or say which extra brings it.

    Parameters
    ----------
    package : str
        As Python imports it.
    name : str
        The extra's.
    otherwise : str
        What can be done without it.

    Raises
    ------
    ImportError
        If it is not installed.

    Examples
    --------
    >>> extra("no_such_package", "plot", "the tables need none")
    Traceback (most recent call last):
    ModuleNotFoundError: no_such_package is not installed: pip install "anml-fl[plot]"; the
    tables need none
    """
    try:
        return import_module(package)
    except ModuleNotFoundError as error:
        # A package that is there and lacks another one says so itself.
        if error.name != package.partition(".")[0]:
            raise
        raise ModuleNotFoundError(
            f'{error.name} is not installed: pip install "anml-fl[{name}]"; {otherwise}',
            name=error.name,
        ) from None
