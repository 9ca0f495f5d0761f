"""A file that somebody else may have put there: plain, and not longer than it should be."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# A pipe is opened without waiting for whoever writes to it, and then seen to be one.
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def read_plain(path: Path, longest: int) -> bytes:
    """Read a file whole.

    Parameters
    ----------
    path : Path
    longest : int
        Bytes that it may have, > 0.

    Raises
    ------
    OSError
        If it cannot be read.
    ValueError
        If it is a link, a folder, a pipe or a device, or longer: nothing of it is read then.

    Examples
    --------
    >>> from pathlib import Path
    >>> read_plain(Path("/dev/zero"), 10)
    Traceback (most recent call last):
    ValueError: /dev/zero is no plain file: give the file itself
    """
    if path.is_symlink():
        raise ValueError(f"{path} is a link: give the file itself")
    handle = os.open(path, _FLAGS)
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise ValueError(f"{path} is no plain file: give the file itself")
        with os.fdopen(os.dup(handle), "rb") as file:
            # One more: it may grow while it is read.
            content = file.read(longest + 1) if status.st_size <= longest else b""
    finally:
        os.close(handle)
    if status.st_size > longest or len(content) > longest:
        raise ValueError(f"{path} must have at most {longest:,} bytes, got more")
    return content
