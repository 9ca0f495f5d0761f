"""What stands before a server of Flower's: others than its owner reach a few open paths.

An owner is whoever runs as the server's own account on the server's machine, or knows the
owner's secret. The account is the kernel's word about the connection, not what a request says.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import os
import socket
from typing import TYPE_CHECKING, Any

from uvicorn.config import HTTP_PROTOCOLS
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from anml_fl.authorisation.peer import uid_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Scope = dict[str, Any]
    Receive = Callable[[], Awaitable[Any]]
    Send = Callable[[Any], Awaitable[None]]
    Application = Callable[[Scope, Receive, Send], Awaitable[None]]

HEALTH = "/health"
_LONGEST = 100
_log = logging.getLogger(__name__)


class Caller(tuple[str, int]):
    """The address from which a request came, and its connection: ASGI's `client`."""

    _transport: asyncio.BaseTransport
    _known: int | None

    def __new__(cls, address: tuple[str, int], transport: asyncio.BaseTransport) -> Caller:
        """Make one."""
        made = super().__new__(cls, address)
        made._transport = transport
        made._known = None
        return made

    async def uid(self) -> int | None:
        """Ask whose it is, once: the answer holds as long as the connection."""
        if self._known is None:
            try:
                own = socket.socket(
                    fileno=os.dup(self._transport.get_extra_info("socket").fileno())
                )
            except (OSError, AttributeError):  # it is closed
                return None
            with own:
                self._known = await asyncio.to_thread(_uid_beyond, own)
        return self._known


def _uid_beyond(own: socket.socket) -> int | None:
    try:
        client, server = own.getpeername()[:2], own.getsockname()[:2]
        uid = uid_of(client, server)
        # As long as this end is connected, no other socket can have been at the other: else
        # one might hang up, and somebody else's connection come by the same port meanwhile.
        own.getpeername()
    except OSError:
        return None
    return uid


# uvicorn chooses one of two classes when it is imported, which types cannot follow.
class Introduced(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
    """uvicorn's protocol, which says of each connection what it is, not only its address."""

    client: tuple[str, int] | None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        super().connection_made(transport)
        if self.client is not None:
            self.client = Caller(self.client, transport)


def introduce() -> None:
    """Let this process's servers know their callers; without it, a guard refuses everybody."""
    HTTP_PROTOCOLS["auto"] = f"{__name__}:{Introduced.__name__}"
    # No proxy is believed when it says for whom it asks.
    os.environ["FORWARDED_ALLOW_IPS"] = ""


class Guard:
    """Let others than the owner reach open paths and nothing else: ASGI middleware.

    Parameters
    ----------
    name : str
        Of the server, for those who are refused.
    nodes : str, optional
        Where the paths begin that are for everybody, since who asks there signs.
    secret : str, optional
        The owner's.
    """

    def __init__(
        self,
        app: Application,
        name: str,
        *,
        nodes: str | None = None,
        secret: str | None = None,
    ) -> None:
        self._app = app
        self._nodes = nodes
        self._bearer = None if secret is None else f"Bearer {secret}".encode()
        self._rule = (
            f"this {name} takes orders from the account that runs it, user {os.geteuid()}, on"
            f" its own machine{', or with its secret' if secret else ', and from nobody else'}"
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "lifespan" or self._open(scope) or self._knows(scope):
            await self._app(scope, receive, send)
            return
        client = scope.get("client")
        uid = await client.uid() if isinstance(client, Caller) else None
        # A browser that runs as the owner does what web pages ask of it.
        page = any(name == b"origin" for name, _ in scope["headers"])
        if uid == os.geteuid() and not page:
            await self._app(scope, receive, send)
            return
        who = "a web page" if page else "somebody" if uid is None else f"user {uid}"
        who += f" at {client[0]}" if client else ""
        what = f"{scope.get('method', scope['type'])} {scope['path'][:_LONGEST]!r}"
        _log.warning("refused: %s of %s", what, who)
        await _refuse(scope, send, f"permission denied to {who}: {self._rule}")

    def _open(self, scope: Scope) -> bool:
        path = scope["path"]
        return path == HEALTH or (self._nodes is not None and path.startswith(self._nodes))

    def _knows(self, scope: Scope) -> bool:
        """Say whether a request shows the owner's secret."""
        shown = [value for name, value in scope["headers"] if name == b"authorization"]
        return (
            self._bearer is not None
            and len(shown) == 1
            and hmac.compare_digest(shown[0], self._bearer)
        )


async def _refuse(scope: Scope, send: Send, why: str) -> None:
    if scope["type"] != "http":
        await send({"type": "websocket.close", "code": 1008})
        return
    body = json.dumps({"detail": why}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})
