"""Where a federation is kept that is thrown away: in memory, where there is room."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

_MEMORY = Path("/dev/shm")  # noqa: S108 - folders in it are made by tempfile
_ROOM = 1 << 30  # bytes; a container may have 64 MiB there


def throwaway_folder(memory: Path = _MEMORY) -> str | None:
    """Name the folder for temporary runs; None for the system's own.

    Every round is on disk before the next one begins, which of thousands of short runs is most
    of their time, and of none that is thrown away any use.

    Parameters
    ----------
    memory : Path
        A file system in memory, if there is one.

    Returns
    -------
    str or None
        That one, if it can be written to and has a gibibyte left, and nobody chose another
        place by `TMPDIR`.

    Examples
    --------
    >>> throwaway_folder(Path("/no/such/folder"))
    """
    if os.environ.get("TMPDIR"):
        return None
    usable = memory.is_dir() and os.access(memory, os.W_OK)
    return str(memory) if usable and shutil.disk_usage(memory).free >= _ROOM else None
