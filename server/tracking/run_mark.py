"""What tells a run from every other one, wherever it is told of: drawn once, and kept."""

from __future__ import annotations

import re
from secrets import token_hex
from typing import TYPE_CHECKING

from anml_fl.system.files import make_folder, read_text, write_whole
from server.tracking.names import plain_name

if TYPE_CHECKING:
    from pathlib import Path

TRACKING = "tracking"
"""Folder in a run's: the run's mark, and what trackers write here."""
_MARK = re.compile(r"[A-Za-z0-9_.-]{1,120}")


def run_mark(folder: Path, name: str) -> str:
    """Read a run's mark; draw it if it has none.

    Settings would not do: the same settings give the same run in another folder, too.

    Parameters
    ----------
    folder : Path
        The run's.
    name : str
        The run's, with which the mark begins.

    Raises
    ------
    OSError
        If the folder can be neither read nor written.
    ValueError
        If the file holds something else.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     mark = run_mark(Path(folder), "default")
    ...     mark[:8], len(mark), run_mark(Path(folder), "default") == mark
    ('default-', 16, True)
    """
    path = folder / TRACKING / "mark"
    if not path.exists():
        make_folder(path.parent)
        write_whole(path, f"{plain_name(name)}-{token_hex(4)}\n".encode())
    found = read_text(path).strip()
    if not _MARK.fullmatch(found):
        raise ValueError(
            f"{path} must hold one name of letters, digits, '_', '.' and '-': remove it, and"
            " trackers are told of the run anew"
        )
    return found


def forget_mark(folder: Path) -> None:
    """Let a run that begins anew in a folder be another one to trackers."""
    (folder / TRACKING / "mark").unlink(missing_ok=True)
