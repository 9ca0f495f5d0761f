"""What of a run may be downloaded: an allow-list of its files.

Models, updates, checkpoints and keys never are, nor the seed of a deployment.
"""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING

from anml_fl.run.files import (
    CONFIG,
    LEDGER,
    MANIFEST,
    PUBLIC_KEY,
    REPORT,
    ROUNDS,
    SUMMARY,
)
from server.page.opening import content, opened, piece
from server.page.run_settings import LARGEST
from server.report.shown_settings import shown_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TEXT, HTML, JSON = "text/plain; charset=utf-8", "text/html; charset=utf-8", "application/json"
FILES = {
    SUMMARY: JSON,
    MANIFEST: JSON,
    LEDGER: TEXT,
    PUBLIC_KEY: TEXT,
    CONFIG: TEXT,
    REPORT: HTML,
}
"""Of a run's folder, with what each of them is."""
OF_A_STRATEGY = {ROUNDS: TEXT}
"""Of each strategy's folder."""
_BLOCK = 1 << 16
_NAMES_ONLY = """\
# As the run's page shows them: files are named without where they lie. What the ledger stands
# for is the run's own config.toml, and this is no copy of it.
"""


class Download:
    """An open file: its length is what it had then, however it grows.

    Parameters
    ----------
    file : int
        Its descriptor, which is another one's afterwards: this has its own.
    """

    def __init__(self, file: int) -> None:
        self._file = os.dup(file)
        self.length = os.fstat(file).st_size

    @classmethod
    def of(cls, folder: Path, *names: str) -> Download:
        """Open a plain file below a folder.

        Raises
        ------
        OSError
            As `opening.opened`.
        """
        with opened(folder, *names) as file:
            return cls(file)

    @classmethod
    def of_settings(cls, folder: Path, name: str) -> Download:
        """Write a run's settings anew, without where its files lie on this machine.

        Raises
        ------
        OSError
            As `opening.opened`.
        """
        told = shown_settings(content(folder, name, most=LARGEST).decode(errors="replace"))
        with tempfile.TemporaryFile() as file:
            file.write(f"{_NAMES_ONLY}{told}".encode(errors="replace"))
            file.flush()
            return cls(file.fileno())

    def begin(self, length: int) -> bytes:
        """Read its beginning."""
        return piece(self._file, 0, min(length, self.length))

    def blocks(self) -> Iterator[bytes]:
        """Give it piece by piece."""
        place = 0
        while place < self.length:
            block = piece(self._file, place, min(_BLOCK, self.length - place))
            if not block:
                return  # it was cut off
            place += len(block)
            yield block

    def close(self) -> None:
        """Close it."""
        os.close(self._file)
