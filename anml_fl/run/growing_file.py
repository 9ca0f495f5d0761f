"""A file that gets a line a round, and the hash of all that is in it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from anml_fl.run.checkpoint import Written
from anml_fl.system.files import append_line

if TYPE_CHECKING:
    from pathlib import Path


class GrowingFile:
    """Add lines to a file, and know its hash without reading it again.

    It is read when it is first asked about; from then on each line goes into the hash as it is
    added. Where the file is not as long as what was hashed, it was cut off, or another has
    written to it, and it is read anew.

    Parameters
    ----------
    path : Path
        Of a file that may not be there yet.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = GrowingFile(Path(folder, "rounds.jsonl"))
    ...     file.append("{}")
    ...     file.written().length, file.written() == Written.of(file.path)
    (3, True)
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._hash = hashlib.sha256()
        self._length = 0

    def written(self) -> Written:
        """Measure the file as it is; one that is not there is empty."""
        size = self.path.stat().st_size if self.path.exists() else 0
        if size != self._length:
            content = self.path.read_bytes() if size else b""
            self._hash, self._length = hashlib.sha256(content), len(content)
        return Written(self._length, self._hash.hexdigest())

    def append(self, line: str) -> None:
        """Add a line, whole and for good, or leave the file as it was; see `append_line`."""
        self.written()  # what another wrote before it goes into the hash before it
        append_line(self.path, line)
        added = f"{line}\n".encode()
        self._hash.update(added)
        self._length += len(added)
