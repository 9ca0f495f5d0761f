"""What is opened is a regular file, and what a folder holds lies in that folder."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

from anml_fl.datasets.table import TableError
from anml_fl.system.untrusted_text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
_NOWHERE = "is a link that leads nowhere; give the path of the file itself"


def regular(path: Path) -> Path:
    """Refuse what is no regular file, before it is opened: a pipe waits, a device never ends.

    Raises
    ------
    FileNotFoundError
        If nothing is there.
    TableError
        If something else is there, as a link that leads nowhere; saying what.

    Examples
    --------
    >>> from pathlib import Path
    >>> regular(Path("/dev/null"))
    Traceback (most recent call last):
    anml_fl.datasets.table.TableError: /dev/null: is a device, and no file; give the path of a
    regular file
    """
    kind = _kind(path)
    if stat.S_ISREG(kind):
        return path
    what = next((name for is_one, name in _KINDS if is_one(kind)), "something else")
    raise TableError(
        f"{_shown(path)}: is {what}, and no file; give the path of a regular file"
    )


def entries(folder: Path, root: Path) -> list[Path]:
    """List what lies in a folder by name, without what is hidden; all files or folders.

    Parameters
    ----------
    folder : Path
        `root`, or a folder in it.
    root : Path
        What was asked for: no link leads out of it.

    Raises
    ------
    TableError
        If there is something else in it, or a link that leads nowhere, or out.
    """
    with naming(folder):
        found = sorted(e for e in folder.iterdir() if not e.name.startswith("."))
    for entry in found:
        if entry.is_symlink():
            _within(entry, root)
        try:
            if not stat.S_ISDIR(_kind(entry)):
                regular(entry)
        except FileNotFoundError:  # taken away while it was read
            raise TableError(f"{_shown(entry)} is not there any more") from None
    return found


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Name the file in an error of the system, which reading leaves out."""
    try:
        yield
    except TableError:
        raise
    except OSError as error:
        if error.filename is not None or error.errno is None:
            raise
        raise TableError(
            f"{_shown(path)}: cannot be read: {os.strerror(error.errno)}"
        ) from None


def _kind(path: Path) -> int:
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        if path.is_symlink():
            raise TableError(f"{_shown(path)}: {_NOWHERE}") from None
        raise
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise TableError(f"{_shown(path)}: {_NOWHERE}") from None
        raise


def _within(link: Path, root: Path) -> None:
    inside, target = os.path.realpath(root), os.path.realpath(link)
    _kind(link)
    if not target.startswith(inside.rstrip(os.sep) + os.sep):
        raise TableError(
            f"{_shown(link)}: is a link that leads out of {_shown(root)}; put what it leads"
            " to there itself"
        )


def _shown(path: Path) -> str:
    return visible(str(path), limit=1000)
