"""Run folders made by runs, and served by a real server."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import threading
import time
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import pytest

from anml_fl.run.files import CONFIG, ROUNDS
from anml_fl.settings.reading import from_flat
from clients.app import app
from server.engines.inline_grid import InlineGrid
from server.orchestration.federation import run_federation
from server.orchestration.run_folder import hold
from server.page.serving import PageServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Interrupted(InlineGrid):
    """Stops the run, as Ctrl-C does, after so many messages; None: never."""

    left: int | None = None

    def push_messages(self, messages: Any) -> Any:
        messages = list(messages)
        if self.left is not None:
            self.left -= len(messages)
            if self.left < 0:
                raise KeyboardInterrupt
        return super().push_messages(messages)


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a run that came to its end, and one that is in its third round."""
    folder = tmp_path_factory.mktemp("runs")
    flat = {"dataset": "wine", "contributors": 6, "rounds": 3, "local-epochs": 1}
    for name, messages in (("ended", None), ("begun", 21)):
        config = from_flat({**flat, "name": name, "strategies": "fedavg,anml"})
        nodes = [{"partition-id": i, "num-partitions": 6} for i in range(6)]
        grid = Interrupted(app, nodes, config.to_flat())
        grid.left = messages
        with nullcontext() if messages is None else pytest.raises(KeyboardInterrupt):
            run_federation(grid, config, folder / name)
    return folder


@pytest.fixture
def ended(runs: Path, tmp_path: Path) -> Path:
    """Copy the folder of a run that came to its end."""
    return shutil.copytree(runs / "ended", tmp_path / "runs" / "ended")


@pytest.fixture
def stopped(runs: Path, tmp_path: Path) -> Path:
    """Copy the folder of a run whose process ended in its third round, an hour ago."""
    folder = shutil.copytree(runs / "begun", tmp_path / "runs" / "stopped")
    with hold(folder):  # as its process did
        pass
    then = time.time() - 3600
    for path in (folder / CONFIG, *folder.glob(f"*/{ROUNDS}")):
        os.utime(path, (then, then))
    return folder


@pytest.fixture
def begun(runs: Path, tmp_path: Path) -> Iterator[Path]:
    """Copy the folder of a run that is in its third round, and hold it as its process does."""
    folder = shutil.copytree(runs / "begun", tmp_path / "runs" / "begun")
    with hold(folder):
        yield folder


@contextmanager
def served(folder: Path, **options: Any) -> Iterator[PageServer]:
    """Serve a folder while the block lasts."""
    server = PageServer(folder, options.pop("host", "127.0.0.1"), 0, **options)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield server
    finally:
        server.should_exit = True
        thread.join()


class Asking:
    """Ask servers, one a folder, for a path as it is written."""

    def __init__(self, stack: Any) -> None:
        self._stack = stack
        self._servers: dict[Path, PageServer] = {}

    def server(self, folder: Path, **options: Any) -> PageServer:
        if folder not in self._servers:
            self._servers[folder] = self._stack.enter_context(served(folder, **options))
        return self._servers[folder]

    def link(self, folder: Path) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(
            "127.0.0.1", int(self.server(folder).url.rsplit(":", 1)[1][:-1]), timeout=300
        )

    def __call__(
        self,
        folder: Path,
        path: str = "/",
        method: str = "GET",
        body: Any = None,
        **headers: str,
    ) -> tuple[Any, bytes]:
        link = self.link(folder)
        link.putrequest(method, path, skip_accept_encoding=True, skip_host="host" in headers)
        for name, value in headers.items():
            link.putheader(name.replace("_", "-"), value)
        if body is not None:
            link.putheader("Content-Length", str(len(body)))
        link.endheaders(body)
        answer = link.getresponse()
        content = answer.read()
        link.close()
        return answer, content

    def json(self, folder: Path, path: str) -> Any:
        answer, content = self(folder, path)
        assert answer.status == 200, content
        return json.loads(content)


@pytest.fixture
def get() -> Iterator[Callable[..., Any]]:
    """Serve folders, and ask for paths: gives answer and content."""
    from contextlib import ExitStack

    with ExitStack() as stack:
        yield Asking(stack)
