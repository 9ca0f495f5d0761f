"""Federations on loopback, started by the command line as a user does."""

from __future__ import annotations

import os
import re
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from anml_fl.system.processes import running
from server.engines.processes import script

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

TINY = ["--nodes=3", "--dataset=wine", "--local-epochs=1", "--strategy=anml", "--warm"]


class Command:
    """An `anml` command in a folder of its own, going on."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder = folder
        self._said = folder / "said.txt"
        with self._said.open("ab") as sink:
            self.process = subprocess.Popen(
                [script("anml"), *arguments],
                cwd=folder,
                env={**os.environ, "COLUMNS": "200"},
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
            )

    @property
    def said(self) -> str:
        """All that it said."""
        return re.sub(r"\s+", " ", self._said.read_text())

    def rounds(self, run: str = "runs/default") -> int:
        """How many rounds its run has had."""
        path = self.folder / run / "anml" / "rounds.jsonl"
        return path.read_bytes().count(b"\n") if path.exists() else 0

    def after(self, rounds: int, seconds: float = 1200.0) -> None:
        """Wait for so many rounds."""
        end = time.monotonic() + seconds
        while self.rounds() < rounds:
            assert self.process.poll() is None, self.said
            assert time.monotonic() < end, self.said
            time.sleep(0.05)

    def ends(self, seconds: float = 1200.0) -> int:
        """Wait for its end, and return its status."""
        return self.process.wait(seconds)

    def processes(self) -> list[psutil.Process]:
        """All processes of its federation, itself excepted."""
        key = str(self.folder / "federation" / "ledger.key")
        found = []
        for one in running():
            try:
                if one.environ().get("ANML_LEDGER_KEY") == key:
                    found.append(one)
            except psutil.Error:
                continue
        return found

    def kill(self, program: str) -> None:
        """Kill one of them, as a lack of memory does."""
        killed = [
            one
            for one in self.processes()
            if one.status() != psutil.STATUS_ZOMBIE
            and any(part.endswith(program) for part in one.cmdline()[:3])
        ]
        assert len(killed) == 1, killed
        killed[0].kill()


@contextmanager
def commands(folder: Path) -> Iterator[Callable[..., Command]]:
    """Start `anml` commands in a folder; what goes on at the end is stopped."""
    started: list[Command] = []

    def start(*arguments: str) -> Command:
        started.append(Command(folder, *arguments))
        return started[-1]

    try:
        yield start
    finally:
        for one in started:
            if one.process.poll() is None:
                one.process.terminate()
                one.process.wait(600)


@pytest.fixture
def anml(tmp_path: Path) -> Iterator[Callable[..., Command]]:
    """Start `anml` commands in a folder of the test's own."""
    with commands(tmp_path) as start:
        yield start


@dataclass(frozen=True)
class Beset:
    """A federation that ran where everything stood in its way, and what it left."""

    command: Command
    status: int
    state: Path
    out: Path
    temporary: Path


@pytest.fixture(scope="session")
def beset(tmp_path_factory: pytest.TempPathFactory) -> Beset:
    """Run two rounds among dead proxies, foreign packages, and folders of any name."""
    folder = tmp_path_factory.mktemp("beset")
    for name in ("server", "clients", "strategies"):
        (folder / "project" / name).mkdir(parents=True)
        (folder / "project" / name / "__init__.py").write_text("raise SystemExit(9)\n")
    long = folder / ("slurm_jobdir_" * 7)
    long.mkdir()
    state, out = "federation's #1 $HOME", "Zürich run"
    with pytest.MonkeyPatch.context() as patch, commands(folder) as anml:
        for name in ("HTTP_PROXY", "https_proxy", "HTTPS_PROXY"):
            patch.setenv(name, "http://user:secret@127.0.0.1:9")
        patch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
        patch.setenv("PYTHONPATH", str(folder / "project"))
        patch.setenv("TMPDIR", str(long))
        patch.setenv("HOME", str(folder / "not" / "there"))
        command = anml("up", "--local", "--rounds=2", "--state", state, "--out", out, *TINY)
        status = command.ends()
    return Beset(command, status, folder / state, folder / out, long)


@pytest.fixture
def tiny() -> list[str]:
    """Settings of a federation whose rounds are short."""
    return TINY


@pytest.fixture
def rounds_of() -> Any:
    """Read a strategy's round records."""
    from anml_fl.method.records import RoundRecord

    def read(folder: Path) -> list[RoundRecord]:
        lines = (folder / "rounds.jsonl").read_text().splitlines()
        return [RoundRecord.from_json(line) for line in lines]

    return read
