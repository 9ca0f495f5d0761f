"""Serve the page until a signal ends it: uvicorn, with limits, and quiet."""

from __future__ import annotations

import secrets
import signal
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

from uvicorn import Config, Server

from anml_fl.system.files import cause
from server.page.app import Page
from server.page.guard import LOOPBACK, Guard, checked_token, is_loopback
from server.page.limits import Impatient

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_LONGEST_HEAD = 1 << 14
_KEEP_ALIVE = 5
_LAST_ANSWERS = 5


class PageServer(Server):
    """A server of pages; `run` serves, `url` says where.

    Parameters
    ----------
    root : Path
        A folder of runs, or one run's; it may not be there yet.
    host : str
        Address to listen on.
    port : int
        0 takes a free one.
    hosts : sequence of str
        Further names under which readers reach it, such as a proxy's.
    token : str
        What readers must show; where others than this machine reach it one is made.

    Raises
    ------
    OSError
        If nothing can listen there.
    ValueError
        If the token will not do.
    """

    def __init__(
        self, root: Path, host: str, port: int, hosts: Sequence[str] = (), token: str = ""
    ) -> None:
        self.token = checked_token(token) if token else ""
        self.made = not token and not is_loopback(host)
        if self.made:
            self.token = secrets.token_urlsafe(32)
        self.page = Page(root)
        self._socket = _listening(host, port)
        shown = f"[{host}]" if ":" in host else host
        named = LOOPBACK | {one.lower() for one in (shown, *hosts)}
        guarded = Guard(self.page, named, self.token)
        self.url = f"http://{shown}:{self._socket.getsockname()[1]}/"
        super().__init__(
            Config(
                guarded,
                http=Impatient,
                ws="none",
                lifespan="off",
                loop="asyncio",
                # Quiet: what is asked for is the reader's own affair.
                log_config=None,
                log_level="critical",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                h11_max_incomplete_event_size=_LONGEST_HEAD,
                timeout_keep_alive=_KEEP_ALIVE,
                timeout_graceful_shutdown=_LAST_ANSWERS,
            )
        )

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until `should_exit` is set, in the main thread also until a signal comes."""
        super().run(sockets or [self._socket])

    def close(self) -> None:
        """Listen no more, without ever having served."""
        self._socket.close()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End: whoever waits for news is let go first."""
        self.page.close()
        await super().shutdown(sockets)


def serve(
    root: Path, host: str, port: int, hosts: Sequence[str] = (), token: str = ""
) -> None:
    """Serve the pages of runs until a signal (SIGINT, SIGTERM) comes.

    Parameters
    ----------
    root, host, port, hosts, token
        As of `PageServer`. The address is printed, and a token that was made, once.

    Raises
    ------
    OSError, ValueError
        As of `PageServer`.
    """
    server = PageServer(root, host, port, hosts, token)
    with _ended_by_sigterm():
        print(f"{server.url}?token={server.token}" if server.made else server.url, flush=True)
        server.run()


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        made = socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        raise OSError(
            f"cannot listen on {host}, port {port}: {cause(error)}; choose another with --port"
            " (0 takes a free one)"
        ) from error
    # asyncio lets an answer's last part go at once only where the protocol is named; else it
    # waits for the reader's word that the first came, 40 ms.
    return socket.socket(family, made.type, socket.IPPROTO_TCP, fileno=made.detach())


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Let uvicorn's own end by SIGTERM be a good one, also as process 1 of a container."""

    def leave(number: int, frame: object) -> None:
        raise SystemExit(0)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
