"""Whether a run goes on: its process holds a lock on the folder as long as it does."""

from __future__ import annotations

import fcntl
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from anml_fl.run.files import LOCK
from server.page.opening import opened

if TYPE_CHECKING:
    from pathlib import Path

    from server.page.opening import Identity

_PACE = 5.0
# Seconds without a line: a run that is taken up again holds its lock by then.
_QUIET = 10.0


class Liveness:
    """Look now and then whether anybody holds a run's lock.

    Parameters
    ----------
    folder : Path
        The run's.

    Attributes
    ----------
    since : str
        When its last line came, in UTC, of a run that does not go on; "" of one that may.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.since = folder, ""
        self._looked = -_PACE

    def look(self, last: Identity | None) -> bool:
        """Look, and tell whether anything is new.

        Parameters
        ----------
        last : Identity, optional
            State of the file that changed last; None before there is any.
        """
        now = time.monotonic()
        if now - self._looked < _PACE:
            return False
        self._looked, before = now, self.since
        self.since = ended(self.folder, last)
        return self.since != before


def ended(folder: Path, last: Identity | None) -> str:
    """Say when the last line came of a run that does not go on; "" of one that may."""
    return "" if last is None or _goes_on(folder, last) else _minute(last)


def _goes_on(folder: Path, last: Identity) -> bool:
    return time.time() - last.changed / 1e9 < _QUIET or _held(folder)


def _held(folder: Path) -> bool:
    """Whether a process has the lock, or may: a folder without one tells nothing."""
    # Shared, and given back at once: whoever begins the run hardly finds it taken.
    with suppress(OSError), opened(folder, LOCK) as file:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return False
    return True


def _minute(last: Identity) -> str:
    return f"{datetime.fromtimestamp(last.changed / 1e9, UTC):%Y-%m-%d %H:%M} UTC"
