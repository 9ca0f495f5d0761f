"""Writing a file whole or not at all, whatever happens meanwhile."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that a reader, now or after a crash, finds the old or the new one.

    Parameters
    ----------
    path : Path
        Replaced if it exists.
    content : bytes

    Raises
    ------
    OSError
        If it cannot be written: the old file is as it was.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     write_whole(Path(folder, "a"), b"whole")
    ...     Path(folder, "a").read_bytes(), len(list(Path(folder).iterdir()))
    (b'whole', 1)
    """
    partial = path.with_name(path.name + ".partial")
    try:
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        # On a full disk what was begun takes room that others need.
        partial.unlink(missing_ok=True)
        raise
    partial.replace(path)
    # The name, too, is only safe once its folder is.
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
