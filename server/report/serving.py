"""A run's page over HTTP, read-only: the report, and the files that others may check.

An allow-list says what is served. Models, updates, checkpoints and keys never are.
"""

from __future__ import annotations

import os
import signal
import socket
import stat
import sys
import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, BinaryIO, ClassVar
from urllib.parse import unquote_to_bytes, urlsplit

from anml_fl.catalogue import UnknownNameError
from anml_fl.plugins import RULES, STRATEGIES
from anml_fl.run.files import CONFIG, LEDGER, MANIFEST, PUBLIC_KEY, REPORT, ROUNDS, SUMMARY
from anml_fl.system.files import cause
from server.report.status_page import (
    as_link,
    index_page,
    may_be_served,
    runs,
    status_page,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_TEXT, _HTML, _JSON = (
    "text/plain; charset=utf-8",
    "text/html; charset=utf-8",
    "application/json",
)
# Everything of a run that is served beside its page, by its path in the run's folder.
SERVED = {
    SUMMARY: _JSON,
    MANIFEST: _JSON,
    LEDGER: _TEXT,
    PUBLIC_KEY: _TEXT,
    CONFIG: _TEXT,
    **{f"{name}/{ROUNDS}": _TEXT for name in RULES.names},
}
# The report names its scripts by their hashes in a policy of its own; both hold together.
_REPORT_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # A run goes on: what was read a moment ago may be old.
    "Cache-Control": "no-cache",
}
_WAIT = 10.0
_LONGEST = 30.0
_AT_ONCE = 32


class PageServer(ThreadingHTTPServer):
    """The server; `serve_forever` answers, `server_port` says where.

    Parameters
    ----------
    folder : Path
        One run's folder, or a folder of runs.
    host : str
        Address to listen on.
    port : int
        0 takes a free one.
    """

    daemon_threads = True

    def __init__(self, folder: Path, host: str, port: int) -> None:
        self.folder = folder
        if ":" in host:
            self.address_family = socket.AF_INET6
        # So many readers at a time, the next ones wait: no flood of threads.
        self._places = threading.BoundedSemaphore(_AT_ONCE)
        super().__init__((host, port), _Handler)

    def process_request(self, request: object, client_address: object) -> None:
        """Answer in a thread of its own, as soon as there is a place."""
        self._places.acquire()
        super().process_request(request, client_address)  # type: ignore[arg-type]

    def process_request_thread(self, request: object, client_address: object) -> None:
        """Answer, and give the place back."""
        # The wait below is for each byte; who drips them gets no more than this.
        end = threading.Timer(_LONGEST, _shut, (request,))
        end.daemon = True
        end.start()
        try:
            super().process_request_thread(request, client_address)  # type: ignore[arg-type]
        finally:
            end.cancel()
            self._places.release()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a reader who left."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def _is_strategy(name: str) -> bool:
    try:
        STRATEGIES.check(name)
    except UnknownNameError:
        return False
    return True


def _shut(connection: object) -> None:
    if isinstance(connection, socket.socket):
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)


def serve(folder: Path, host: str, port: int) -> None:
    """Serve a run's page until a signal (SIGINT, SIGTERM) comes.

    Parameters
    ----------
    folder : Path
        One run's folder, or a folder of runs, which then get an index.
    host : str
        Address to listen on.
    port : int
        0 takes a free one.

    Raises
    ------
    OSError
        If nothing can listen there.
    """
    try:
        server = PageServer(folder, host, port)
    except OSError as error:
        raise OSError(
            f"cannot listen on {host}, port {port}: {cause(error)}; choose another with --port"
            " (0 takes a free one)"
        ) from error
    shown = f"[{host}]" if ":" in host else host
    with server, _ended_by_sigterm():
        print(f"http://{shown}:{server.server_port}/", flush=True)
        server.serve_forever()


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """As process 1 of a container it would otherwise not be ended by it at all."""

    def leave(number: int, frame: object) -> None:
        raise SystemExit(0)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class _Handler(BaseHTTPRequestHandler):
    server: PageServer
    server_version, sys_version = "anml", ""
    timeout: ClassVar[float] = _WAIT

    def do_GET(self) -> None:
        """Answer with the content."""
        self._answer()

    def do_HEAD(self) -> None:
        """Answer without the content."""
        self._answer()

    def _answer(self) -> None:
        try:
            path = urlsplit(self.path).path
        except ValueError:
            self.send_error(400)
            return
        if path == "/health":
            self._send("ok\n", _TEXT)
            return
        # What is served is compared as it came. A run's name is decoded, once, and must be one
        # of those that are listed: no path leads out.
        folder, rest = self.server.folder, path.removeprefix("/")
        if not (folder / CONFIG).is_file():
            link, slash, rest = rest.partition("/")
            name = os.fsdecode(unquote_to_bytes(link))
            if not name:
                self._send(index_page(folder), _HTML)
                return
            if name not in runs(folder):
                self.send_error(404)
                return
            if not slash:
                self._redirect(f"/{as_link(name)}/")
                return
            folder /= name
        self._run(folder, rest)

    def _run(self, folder: Path, name: str) -> None:
        if name == "":
            # Only a run that came to its end has a summary: before, a report is an old one.
            if not ((folder / SUMMARY).is_file() and (folder / REPORT).is_file()):
                self._send(status_page(folder), _HTML)
            elif may_be_served(folder):
                self._send_file(folder, REPORT, _HTML, _REPORT_POLICY)
            else:
                self.send_error(403)
        elif name == CONFIG and not may_be_served(folder):
            self.send_error(403)
        elif name in SERVED:
            self._send_file(folder, name, SERVED[name])
        elif name.endswith(f"/{ROUNDS}") and _is_strategy(name.removesuffix(f"/{ROUNDS}")):
            self._send_file(folder, name, _TEXT)
        else:
            self.send_error(404)

    def _send_file(self, folder: Path, name: str, kind: str, policy: str = _POLICY) -> None:
        try:
            file = _open(folder, name)
        except OSError:
            self.send_error(404)
            return
        with file:
            # A file that is being written grows: this is what was announced.
            length = os.fstat(file.fileno()).st_size
            self._head(200, kind, length, policy)
            if self.command != "HEAD":
                self._copy(file, length)

    def _copy(self, file: BinaryIO, left: int) -> None:
        while left and (block := file.read(min(left, 1 << 16))):
            self.wfile.write(block)
            left -= len(block)

    def _send(self, text: str, kind: str, code: int = 200) -> None:
        content = text.encode("utf-8", errors="replace")
        self._head(code, kind, len(content), _POLICY)
        if self.command != "HEAD":
            self.wfile.write(content)

    def _redirect(self, where: str) -> None:
        self.send_response(301)
        self.send_header("Location", where)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _head(self, code: int, kind: str, length: int, policy: str) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length))
        self.send_header("Content-Security-Policy", policy)
        if code == 405:
            self.send_header("Allow", "GET, HEAD")
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.end_headers()

    def send_error(
        self, code: int, message: str | None = None, explain: str | None = None
    ) -> None:
        """Say no in plain text; a method that is not served is "not allowed"."""
        code = 405 if code == 501 else code
        self._send(f"{code} {self.responses.get(code, ('error',))[0]}\n", _TEXT, code)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Keep quiet: what is asked for is the reader's own affair."""


def _open(folder: Path, name: str) -> BinaryIO:
    """Open a plain file below a folder; a link could lead out of it, a pipe would hang."""
    path = folder / name
    if path.parent.is_symlink():
        raise FileNotFoundError(path)
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileNotFoundError(path)
    return os.fdopen(descriptor, "rb")
