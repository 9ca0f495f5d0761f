"""Answers that go on: a file piece by piece, and events as they come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.concurrency import iterate_in_threadpool
from starlette.responses import StreamingResponse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from starlette.types import Receive, Scope, Send

    from server.page.downloads import Download
    from server.page.watching import Watched


class FileStream(StreamingResponse):
    """Send an open file, and close it, however that ends.

    Parameters
    ----------
    file : Download
    kind : str
        Its media type.
    headers : mapping
        More of them.
    """

    def __init__(self, file: Download, kind: str, headers: Mapping[str, str]) -> None:
        self._file = file
        length = {"Content-Length": str(file.length)}
        blocks = iterate_in_threadpool(file.blocks())
        super().__init__(blocks, media_type=kind, headers={**headers, **length})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, or of a request for its head nothing."""
        try:
            if scope["method"] == "HEAD":
                start = {"type": "http.response.start", "status": 200}
                await send({**start, "headers": self.raw_headers})
                await send({"type": "http.response.body", "body": b""})
            else:
                await super().__call__(scope, receive, send)
        finally:
            self._file.close()


class EventStream(StreamingResponse):
    """Send events to one reader, who counts as long as it listens.

    Parameters
    ----------
    run : Watched
    events : async iterator of bytes
    """

    def __init__(self, run: Watched, events: AsyncIterator[bytes]) -> None:
        self._run = run
        # A proxy must not keep events back until there are many.
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(events, media_type="text/event-stream", headers=headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send them until the reader leaves, or the server ends."""
        self._run.readers += 1
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._run.readers -= 1
