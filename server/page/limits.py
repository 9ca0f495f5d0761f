"""How long a reader may take, and how many there may be: what uvicorn leaves open.

It has no limit for a request that comes byte by byte, nor for a reader who takes nothing of
what is sent. Neither keeps others waiting, but each holds a connection.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio

ASKING = 10.0
"""Seconds from the connection, or the last answer, to the end of the next request's head."""
TAKING = 30.0
"""Seconds for which a reader may take nothing."""
MOST = 512
"""Connections at a time; beyond, whoever has taken longest to ask goes."""


class Impatient(H11Protocol):
    """uvicorn's HTTP/1.1, with these limits."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._late: asyncio.TimerHandle | None = None
        self._stuck: asyncio.TimerHandle | None = None
        self._expect()
        if len(self.connections) >= MOST:
            waiting = [one for one in self.connections if isinstance(one, Impatient)]
            longest = min([*waiting, self], key=Impatient.deadline)
            self.loop.call_soon(longest.end)

    def deadline(self) -> float:
        """When it is shut unless a request comes; never while one is answered."""
        return math.inf if self._late is None else self._late.when()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._rest()
        if self._stuck is not None:
            self._stuck.cancel()
        super().connection_lost(exc)

    def handle_events(self) -> None:
        """Go on with what has come; a whole request is waited for no more."""
        before = self.cycle
        super().handle_events()
        if self.cycle is not before:
            self._rest()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        self._expect()
        super().on_response_complete()

    def pause_writing(self) -> None:
        """Give a reader who takes nothing so long."""
        super().pause_writing()
        self._stuck = self.loop.call_later(TAKING, self.end)

    def resume_writing(self) -> None:
        """Go on: something was taken."""
        if self._stuck is not None:
            self._stuck.cancel()
        super().resume_writing()

    def _expect(self) -> None:
        self._rest()
        self._late = self.loop.call_later(ASKING, self.end)

    def _rest(self) -> None:
        if self._late is not None:
            self._late.cancel()
        self._late = None

    def end(self) -> None:
        """Shut the connection, whatever is still to be sent."""
        if self.transport is not None:
            self.transport.abort()
