"""A file that gets a line now and then, followed: what is new is read, and nothing twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from server.page.opening import identity, opened, piece

if TYPE_CHECKING:
    from pathlib import Path

    from server.page.opening import Identity

_BLOCK = 1 << 20
_MARK = 64


class GrowingLines:
    """Follow a file; whoever inherits says what becomes of a line.

    A file that was cut off, or that another has taken the place of, is read anew. A last line
    without its newline is being written, and waits.

    Parameters
    ----------
    folder : Path
        The run's.
    *names : str
        As of `opening.opened`; the file may not be there yet.
    """

    def __init__(self, folder: Path, *names: str) -> None:
        self.folder, self.names = folder, names
        self._seen: Identity | None = None
        self._end, self._mark = 0, b""

    @property
    def seen(self) -> Identity | None:
        """The state of the file that was read; None where there is none."""
        return self._seen

    def take(self, file: int, start: int, length: int) -> None:
        """Keep what is to be kept of a line, which stands there in the open file."""
        raise NotImplementedError

    def forget(self) -> None:
        """Lose what was kept: the file begins anew."""
        raise NotImplementedError

    def catch_up(self) -> bool:
        """Read what is new, and tell whether anything is.

        Raises
        ------
        OSError
            If the file is there and cannot be read.
        """
        try:
            with opened(self.folder, *self.names) as file:
                now = identity(file)
                if now == self._seen:
                    return False
                if not self._is_same(file, now):
                    self._begin_anew()
                self._read(file, now.size)
                self._seen = now
                return True
        except FileNotFoundError:
            return self._begin_anew()

    def _is_same(self, file: int, now: Identity) -> bool:
        """Tell whether it is the file that was read, with more behind it."""
        before = self._seen
        return (
            before is not None
            and before[:2] == now[:2]
            and now.size >= self._end
            and self._marked(file) == self._mark
        )

    def _marked(self, file: int) -> bytes:
        return piece(file, max(0, self._end - _MARK), min(_MARK, self._end))

    def _begin_anew(self) -> bool:
        if self._seen is None:
            return False
        self._seen, self._end, self._mark = None, 0, b""
        self.forget()
        return True

    def _read(self, file: int, size: int) -> None:
        place = self._end
        while place < size and (block := piece(file, place, min(_BLOCK, size - place))):
            cut = 0
            while (newline := block.find(b"\n", cut)) >= 0:
                start, self._end, cut = self._end, place + newline + 1, newline + 1
                self.take(file, start, self._end - 1 - start)
            place += len(block)
        self._mark = self._marked(file)
