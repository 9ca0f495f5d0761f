"""The folder in which a command was given: where modules that settings name are found last.

An engine's processes have a working folder of their own, and are told this one.
"""

from __future__ import annotations

import os
import sys
from importlib import invalidate_caches
from pathlib import Path

STARTED_IN = "ANML_STARTED_IN"
"""The environment variable that names the folder, where it is not the process's own."""


def started_in() -> Path:
    """Return the folder in which the command was given."""
    return Path(os.environ.get(STARTED_IN, "."))


def search_it_last() -> None:
    """Let modules be found there, after every other place: what lies in it hides nothing.

    It stays there for this process, since a module may import others when it is used.
    """
    try:
        folder = str(started_in().resolve(strict=True))
    except OSError:  # it is not there any more
        return
    if folder not in map(os.path.realpath, sys.path):
        sys.path.append(folder)
        # The finders may have looked before the module was written.
        invalidate_caches()
