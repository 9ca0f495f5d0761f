"""A ledger in a file: an entry is in it whole and for good, or not at all."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from anml_fl.ledger.book import Book, LedgerError
from anml_fl.ledger.verify import read_lines
from anml_fl.system.files import append_whole, sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


class FileLedger(Book):
    """Keep a ledger in a file, one entry a line; see `Ledger`.

    A line is there when its newline is. What a crash left after the last newline was never
    reported as kept, and is cut off here.

    Parameters
    ----------
    path : Path
        Made if it does not exist; its folder must.
    key : Ed25519PrivateKey
        Signs every entry.

    Raises
    ------
    LedgerError
        If the file holds anything but entries that this key signed, in order.
    OSError
        If the file cannot be read and written.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    >>> with TemporaryDirectory() as folder:
    ...     ledger = FileLedger(Path(folder, "ledger.jsonl"), Ed25519PrivateKey.generate())
    ...     ledger.open("default", "anml", 1000)[:12], ledger.close()[:13]
    ('{"kind":"ope', '{"kind":"clos')
    """

    def __init__(self, path: Path, key: Ed25519PrivateKey) -> None:
        super().__init__(key)
        self._path = path
        with self._locked() as handle:
            _cut_torn_line(handle)
        self._load()
        self._starts = [0]
        for line in self.lines():
            self._starts.append(self._starts[-1] + len(line))

    def lines(self) -> Iterator[bytes]:
        """Read all entries in their order, each with its newline."""
        return read_lines(self._path)

    def _read(self, number: int) -> bytes:
        with self._path.open("rb") as file:
            file.seek(self._starts[number])
            return file.readline().removesuffix(b"\n")

    def _write(self, number: int, line: bytes) -> None:
        end = self._starts[number]
        with self._locked() as handle:
            if os.fstat(handle).st_size != end:
                raise LedgerError(f"{self._path} was changed by another process meanwhile")
            append_whole(handle, line + b"\n", self._path)
        self._starts.append(end + len(line) + 1)

    @contextmanager
    def _locked(self) -> Iterator[int]:
        """Hold the file against other writers; if it is new, make its name safe too."""
        new = not self._path.exists()
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if new:
                sync_folder(self._path.parent)
            yield handle
        finally:
            os.close(handle)


def _cut_torn_line(handle: int) -> None:
    """Shorten a file to its last newline."""
    size = end = os.fstat(handle).st_size
    while end:
        start = max(0, end - 65536)
        part = os.pread(handle, end - start, start)
        newline = part.rfind(b"\n")
        if b"\r" in part[newline + 1 :]:
            return  # no crash writes one: the line ends were changed, which is reported
        if newline >= 0:
            end = start + newline + 1
            break
        end = start
    if end < size:
        os.ftruncate(handle, end)
        os.fsync(handle)
