"""One follower a run, shared by all who read of it: what is new is read once for all."""

from __future__ import annotations

import asyncio
import json
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, TypeVar

from server.page.following import Following

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

T = TypeVar("T")

_POLL = 0.5
# Whoever asks twice within this gets the same: ten readers are no more than one.
_FRESH = 0.25
_MOST_KEPT = 32 << 20


class LeftError(Exception):
    """Nobody waits for an answer any more."""


class Watched:
    """A run that is followed as long as somebody reads of it.

    Its files are read, and answers made of them, in threads, one at a time.

    Parameters
    ----------
    folder : Path
        The run's.
    """

    def __init__(self, folder: Path) -> None:
        self.following = Following(folder)
        self.readers = 0
        self._lock = asyncio.Lock()
        self._looked = 0.0
        self._answers: OrderedDict[object, bytes] = OrderedDict()
        self.version = 0
        self._news = asyncio.Event()
        self._polling: asyncio.Task[None] | None = None

    async def ask(self, what: Callable[[Following], T]) -> T:
        """Ask something of the run as it is now."""
        async with self._lock:
            await self._look()
            return await asyncio.to_thread(what, self.following)

    async def answer(
        self,
        key: object,
        make: Callable[[Following], object],
        left: Callable[[], Awaitable[bool]] | None = None,
    ) -> bytes:
        """Give JSON about the run as it is now, made once for all who ask the same.

        Parameters
        ----------
        key : object
            Tells one question from another.
        make : callable
            From the followed run to what JSON has; what it raises goes to the reader.
        left : callable, optional
            Whether the reader has gone by the time that it is its turn.

        Raises
        ------
        LeftError
            If so. A reader who drags a time bar asks for thirty rounds and waits for one.
        """
        async with self._lock:
            if left is not None and await left():
                raise LeftError
            await self._look()
            if key in self._answers:
                self._answers.move_to_end(key)
                return self._answers[key]
            made = await asyncio.to_thread(lambda: dumped(make(self.following)))
            self._answers[key] = made
            kept = sum(map(len, self._answers.values()))
            while kept > _MOST_KEPT and len(self._answers) > 1:
                kept -= len(self._answers.popitem(last=False)[1])
            return made

    async def wait(self, version: int, seconds: float) -> bool:
        """Wait until there is more than a version had, no longer than so long; else False."""
        if self._polling is None:
            self._polling = asyncio.create_task(self._poll())
        if self.version != version:
            return True
        try:
            await asyncio.wait_for(self._news.wait(), seconds)
        except TimeoutError:
            return False
        return True

    def tell(self) -> None:
        """Wake whoever waits."""
        self.version += 1
        self._news.set()
        self._news = asyncio.Event()

    async def _look(self) -> None:
        if time.monotonic() - self._looked < _FRESH:
            return
        changed = await asyncio.to_thread(self.following.catch_up)
        self._looked = time.monotonic()
        if changed:
            self._answers.clear()
            self.tell()

    async def _poll(self) -> None:
        try:
            while self.readers:
                async with self._lock:
                    await self._look()
                await asyncio.sleep(_POLL)
        finally:
            self._polling = None


def dumped(value: object) -> bytes:
    r"""Write JSON that a browser reads: no nan, and half letters as escapes.

    Examples
    --------
    >>> dumped({"a": ["\ud800", None]})
    b'{"a":["\\ud800",null]}'
    """
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()
