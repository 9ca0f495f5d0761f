"""Who may read the secrets: modes and owner of folders and files."""

from __future__ import annotations

import stat
from shlex import quote
from typing import TYPE_CHECKING

from anml_fl.system.private_files import exposure
from server.doctor.finding import Finding, ok, problem

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def check_modes(folders: Iterable[Path], files: Iterable[Path]) -> list[Finding]:
    """Check that folders are 0700, and files as whoever uses them asks for.

    Parameters
    ----------
    folders, files : iterable of Path
        Those that are not there are passed over.
    """
    folders = [path for path in folders if path.exists()]
    files = [path for path in files if path.exists()]
    found = [_folder(path) for path in folders if stat.S_IMODE(path.stat().st_mode) & 0o077]
    exposed = {one.what: one.remedy for path in files if (one := exposure(path))}
    found += [problem("modes", what, remedy) for what, remedy in exposed.items()]
    total = len(folders) + len(files)
    return found or [ok("modes", f"{total} secret files and folders are their owner's alone")]


def _folder(path: Path) -> Finding:
    mode = stat.S_IMODE(path.stat().st_mode)
    return problem(
        "modes",
        f"{path} has mode {mode:04o}: others may look into it",
        f"chmod 0700 {quote(str(path))}; if others have accounts here, replace the keys",
    )
