"""Where our packages are imported from, whatever else has their names.

They lie at the top level, so that a folder `server` that PYTHONPATH or the working folder
leads to would be taken for ours.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

PACKAGES = ("anml_fl", "strategies", "server", "clients", "studies")
_HOME = str(Path(__file__).resolve().parent.parent.parent)


def others(path: Sequence[str] | None = None, home: str = _HOME) -> dict[str, str]:
    """Find what has the name of one of our packages elsewhere.

    Parameters
    ----------
    path : sequence of str, optional
        Places that modules are looked for in, `sys.path` by default.
    home : str
        The folder that holds our packages.

    Returns
    -------
    dict
        Place to file. A folder without an `__init__.py` hides nothing, and does not count.

    Examples
    --------
    >>> others([])
    {}
    """
    found = {}
    for place in sys.path if path is None else path:
        if os.path.realpath(place) == home:
            continue
        for name in PACKAGES:
            spec = PathFinder.find_spec(name, [place])
            if spec is not None and spec.has_location:
                found[place] = str(spec.origin)
                break
    return found


def hiding(package: str, home: str = _HOME) -> str | None:
    """Return the file that is found in the place of one of our packages, if any is.

    Examples
    --------
    >>> hiding("server") is None
    True
    """
    loaded = sys.modules.get(package)
    spec = PathFinder.find_spec(package, sys.path)
    # What is imported already stands, wherever Python would look now.
    origin = getattr(loaded, "__file__", None) or (spec.origin if spec else None)
    if origin is None:
        return None
    ours = Path(home, package) in Path(origin).resolve().parents
    return None if ours else origin


def explained(error: Exception, wanted: str) -> Exception:
    """Say that another module is in the place of one of our packages, where one is.

    Parameters
    ----------
    error : Exception
        Of an import of ours.
    wanted : str
        What it was for.

    Returns
    -------
    Exception
        An ImportError that names both, and what to do; `error` where nothing hides ours.
    """
    for package in PACKAGES:
        if (found := hiding(package)) is not None:
            return ImportError(
                f"{wanted} is in our package {package!r} ({Path(_HOME, package)}), but Python"
                f" finds {found} by that name: an app's module of its own needs another name,"
                f" or a place in a package, such as my_app/{package}_app.py; else move it out"
                " of sys.path (or PYTHONPATH), or call anml_fl.system.import_path.mend()"
                " before anything else"
            )
    return error


def leading(path: Sequence[str], home: str = _HOME) -> list[str]:
    """Put the folder that holds our packages before what would hide them.

    Parameters
    ----------
    path : sequence of str
        Places that modules are looked for in.
    home : str
        The folder.

    Returns
    -------
    list of str
        The same, where nothing hides them.

    Examples
    --------
    >>> leading(["/usr/lib/python3"], "/opt/anml")
    ['/usr/lib/python3']
    """
    hiding = others(path, home)
    for index, place in enumerate(path):
        if os.path.realpath(place) == home:
            break
        if place in hiding:
            return [*path[:index], home, *path[index:]]
    return list(path)


def mend() -> None:
    """See that this process, and those that it starts, import our packages and no others."""
    mended = leading(sys.path)
    if mended == sys.path:
        return
    sys.path[:] = mended
    named = [place for place in os.environ.get("PYTHONPATH", "").split(os.pathsep) if place]
    # What hides them may lie elsewhere, in the environment's own folder for instance.
    inherited = leading(named) if others(named) else [*named, _HOME]
    os.environ["PYTHONPATH"] = os.pathsep.join(inherited)
