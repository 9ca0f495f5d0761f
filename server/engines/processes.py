"""Programs that packages installed: found beside the interpreter."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path


def script(name: str) -> str:
    """Find a program that a package installed: beside the interpreter, or on PATH.

    Returns
    -------
    str
        Its path.

    Raises
    ------
    RuntimeError
        If it is not there.
    """
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if found is None:
        raise RuntimeError(f"{name} was not found beside {sys.executable}: reinstall flwr")
    return found
