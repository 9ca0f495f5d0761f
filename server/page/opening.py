"""Plain files below a folder, opened so that nothing leads out of it and nothing hangs.

Each name is opened below the folder before it, so that no link can be put in between: what is
a link, a pipe, a device or a folder is not there.
"""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# A pipe is opened without waiting for whoever writes to it, and then seen to be one.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Identity(NamedTuple):
    """What tells one state of a file from another."""

    device: int
    inode: int
    size: int
    changed: int


class TooLongError(OSError):
    """A file is longer than whoever reads it bargained for."""


@contextmanager
def opened(folder: Path, *names: str) -> Iterator[int]:
    """Open a plain file below a folder.

    Parameters
    ----------
    folder : Path
        No link itself; those before it are followed.
    *names : str
        Of folders below it, and at last of the file.

    Yields
    ------
    int
        Its descriptor, for reading.

    Raises
    ------
    OSError
        If it is not there, or is no plain file in plain folders.

    Examples
    --------
    >>> from pathlib import Path
    >>> with opened(Path("/"), "dev", "null"):
    ...     pass
    Traceback (most recent call last):
    FileNotFoundError: /dev/null is no plain file
    """
    shown = "/".join((str(folder).rstrip("/"), *names))
    if not all(map(is_plain, names)):
        raise FileNotFoundError(f"{shown!r} is no plain name")
    here = os.open(folder, _FOLDER)
    try:
        for name in names[:-1]:
            below = os.open(name, _FOLDER, dir_fd=here)
            os.close(here)
            here = below
        file = os.open(names[-1], _FILE, dir_fd=here)
    finally:
        os.close(here)
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise FileNotFoundError(f"{shown} is no plain file")
        yield file
    finally:
        os.close(file)


def is_plain(name: str) -> bool:
    r"""Tell whether a name is that of one thing in a folder.

    Examples
    --------
    >>> [is_plain(name) for name in ("my run", "..", "a/b", "a\0", "")]
    [True, False, False, False, False]
    """
    return name not in ("", ".", "..") and "/" not in name and "\0" not in name


def identity(file: int) -> Identity:
    """Say which state of which file a descriptor is of."""
    found = os.fstat(file)
    return Identity(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def there(folder: Path, *names: str) -> Identity | None:
    """Say which state a plain file is in; None where there is none."""
    try:
        with opened(folder, *names) as file:
            return identity(file)
    except OSError:
        return None


def content(folder: Path, *names: str, most: int) -> bytes:
    """Read a plain file whole.

    Parameters
    ----------
    folder, *names
        As of `opened`.
    most : int
        Bytes that it may have.

    Raises
    ------
    OSError
        If there is none, or it is longer.
    """
    with opened(folder, *names) as file:
        if os.fstat(file).st_size > most:
            raise TooLongError(f"{'/'.join(names)} has more than {most:,} bytes")
        return piece(file, 0, most)


def piece(file: int, start: int, length: int) -> bytes:
    """Read from a place on: as much as there is, and no more than was asked for."""
    parts = []
    while length > 0 and (part := os.pread(file, min(length, 1 << 24), start)):
        parts.append(part)
        start, length = start + len(part), length - len(part)
    return b"".join(parts)
