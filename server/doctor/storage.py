"""The folder for results: it can be written, and there is room."""

from __future__ import annotations

import shutil
import tempfile
from typing import TYPE_CHECKING

from server.doctor.finding import Finding, ok, problem, warning

if TYPE_CHECKING:
    from pathlib import Path

_LEAST, _ENOUGH = 500 * 10**6, 5 * 10**9


def check_storage(folder: Path, least: int = _LEAST, enough: int = _ENOUGH) -> Finding:
    """Write a file where results go, and see how much room is left.

    Parameters
    ----------
    folder : Path
        If it is not there, the nearest one above it that is.
    least, enough : int
        Free bytes below which there is a problem, a warning.

    Examples
    --------
    >>> from pathlib import Path
    >>> check_storage(Path("."), least=0, enough=0).status
    'ok'
    """
    name = "disk"
    there = folder.absolute()
    while not there.exists():
        there = there.parent
    try:
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(b"\0")
            file.flush()
        free = shutil.disk_usage(there).free
    except OSError as error:
        remedy = (
            f"let this user write to {there}, or choose another folder by --runs and --out"
        )
        return problem(name, f"nothing can be written to {there}: {error}", remedy)
    what = f"{free / 1e9:.1f} GB are free for {folder}"
    remedy = (
        "make room: each round keeps 4 bytes a parameter and contributor, unless a run has"
        " --no-record-updates"
    )
    if free < least:
        return problem(name, what, remedy)
    return warning(name, what, remedy) if free < enough else ok(name, what)
