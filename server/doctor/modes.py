"""Who may read the secrets: modes and owner of folders and files."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from server.doctor.finding import Finding, ok, problem

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_SECRETS = ("**/*.key", "database.password", "owner.secret")


def secrets_of(state: Path) -> list[Path]:
    """List the files of a state folder that nobody else may read.

    Parameters
    ----------
    state : Path

    Returns
    -------
    list of Path
    """
    return sorted({path for pattern in _SECRETS for path in state.glob(pattern)})


def check_modes(folders: Iterable[Path], files: Iterable[Path]) -> list[Finding]:
    """Check that folders are 0700 and files 0600, and that they are ours.

    Parameters
    ----------
    folders, files : iterable of Path
        Those that are not there are passed over.

    Returns
    -------
    list of Finding
    """
    found = []
    folders = list(folders)
    # Of a federation that root made, containers run under an account without rights, which
    # then owns all of it.
    root = os.geteuid() == 0 and folders and folders[0].exists()
    owner = folders[0].stat().st_uid if root else None
    wanted = [(path, 0o700) for path in folders] + [(path, 0o600) for path in files]
    there = [(path, most) for path, most in wanted if path.exists()]
    for path, most in there:
        status = path.stat()
        mode = stat.S_IMODE(status.st_mode)
        if mode & ~most:
            found.append(
                problem(
                    "modes",
                    f"{path} has mode {mode:04o}: others may read it or change it",
                    f"chmod {most:04o} {path}; if others have accounts here, replace the key",
                )
            )
        if status.st_uid not in (os.geteuid(), owner):
            found.append(
                problem(
                    "modes",
                    f"{path} belongs to user {status.st_uid}, and this is {os.geteuid()}",
                    f"chown {os.geteuid()} {path}, or call anml as user {status.st_uid}",
                )
            )
    return found or [
        ok("modes", f"{len(there)} secret files and folders are their owner's alone")
    ]
