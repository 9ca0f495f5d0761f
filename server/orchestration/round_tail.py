"""The end of a file to which a run adds a line a round: how many, and the last one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_BLOCK = 2**20


class RoundTail:
    r"""Count a growing file's lines, and keep its last one, reading each byte once.

    Parameters
    ----------
    path : Path
        Of a file that may not be there yet.

    Attributes
    ----------
    count : int
        Whole lines, as of the last `look`.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "rounds.jsonl")
    ...     tail = RoundTail(path)
    ...     written = path.write_bytes(b"one\ntwo\nthr")
    ...     tail.look(), tail.count, tail.last
    (True, 2, b'two')
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._begin()

    def _begin(self) -> None:
        self.count = 0
        self._end = self._start = 0  # of what was read; of the last whole line in it
        self._torn = 0

    def look(self) -> bool:
        """Read what is new; returns whether there are other lines than before."""
        before = self.count
        try:
            size = self.path.stat().st_size
            if size < self._end:  # cut off, or begun anew
                self._begin()
                before = -1
            with self.path.open("rb") as file:
                file.seek(self._end)
                while block := file.read(_BLOCK):
                    self._take(block)
        except FileNotFoundError:
            self._begin()
        return self.count != before

    def _take(self, block: bytes) -> None:
        if lines := block.count(b"\n"):
            # The last line begins after the newline before the last one.
            end = block.rindex(b"\n")
            earlier = block.rfind(b"\n", 0, end)
            self._start = self._end + earlier + 1 if earlier >= 0 else self._torn
            self._torn = self._end + end + 1
            self.count += lines
        self._end += len(block)

    @property
    def last(self) -> bytes:
        """The last whole line, without its newline; nothing before there is one."""
        if not self.count:
            return b""
        with self.path.open("rb") as file:
            file.seek(self._start)
            return file.read(self._torn - self._start - 1)
