"""The secret by which an owner is recognised where the kernel does not say who asks."""

from __future__ import annotations

import re
import secrets
import stat
from typing import TYPE_CHECKING

from anml_fl.system.files import read_text, write_whole
from anml_fl.system.private_files import refuse_exposed

if TYPE_CHECKING:
    from pathlib import Path

FILE = "ANML_OWNER_SECRET"
"""Environment variable: the file that holds it."""
_FORM = re.compile(r"[A-Za-z0-9_-]{32,512}")


def make_secret(path: Path) -> None:
    """Make one, for its owner's eyes alone.

    Raises
    ------
    FileExistsError
        If it is there.
    """
    write_whole(path, f"{secrets.token_urlsafe(32)}\n".encode(), mode=0o600, new=True)


def read_secret(path: Path) -> str:
    """Read one.

    Raises
    ------
    ValueError
        If others may read or replace it (`ExposedError`), or it is none.
    OSError
        If it cannot be read.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise ValueError(
            f"{path} is no file (docker makes a folder of what it is to mount and does not"
            " find): remove it, and let `anml up` make it"
        )
    refuse_exposed(path)
    secret = read_text(path).strip()
    if not _FORM.fullmatch(secret):
        raise ValueError(
            f"{path} must hold 32 or more letters, digits, - and _, and nothing else: remove"
            " it, and let `anml up` make another"
        )
    return secret
