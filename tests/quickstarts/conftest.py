"""Flower as its users start it: a SuperLink of the tests' own, and `flwr run .`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
import tomli_w

from anml_fl.system.processes import free_port, stop
from anml_fl.system.switches import SWITCHES
from server.engines.processes import script

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).parent
# Apps, which are no modules of the tests.
collect_ignore = ["pytorch", "sklearn", "lora"]

_PATIENCE = 120.0
_LONGEST_RUN = 600.0


@dataclass(frozen=True)
class Flower:
    """A SuperLink that simulates, and the folder that it was started in."""

    folder: Path
    environment: dict[str, str]

    def run(self, app: Path, nodes: int) -> str:
        """Run an app to its end, and return what was printed."""
        resources = f"num-supernodes={nodes} client-resources-num-cpus=1"
        done = subprocess.run(
            [script("flwr"), "run", ".", "--stream", "--federation-config", resources],
            cwd=app,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=_LONGEST_RUN,
        )
        # `flwr run --stream` exits with 0 for a failed run, too.
        assert self._status() == "finished:completed", done.stdout
        return done.stdout

    def _status(self) -> str:
        """Ask how the last run ended."""
        listed = subprocess.run(
            [script("flwr"), "ls", "--format", "json"],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=True,
            timeout=_PATIENCE,
        )
        runs = json.loads(listed.stdout)["runs"]
        return str(max(runs, key=lambda run: run["pending-at"])["status"])


@pytest.fixture(scope="session")
def flower(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flower]:
    """Start a SuperLink that nobody else uses, in a folder of its own; stop all it started."""
    folder = tmp_path_factory.mktemp("flower")
    home, port = folder / "home", free_port()
    home.mkdir()
    connection = {"address": f"127.0.0.1:{port}", "insecure": True}
    named = {"superlink": {"default": "ours", "ours": connection}}
    (home / "config.toml").write_text(tomli_w.dumps(named), encoding="utf-8")
    programs = [str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
    environment = {
        **os.environ,
        **SWITCHES,
        "FLWR_HOME": str(home),
        "PATH": os.pathsep.join(programs),
        "RAY_TMPDIR": os.environ.get("RAY_TMPDIR", "/tmp"),  # noqa: S108 - a short path
    }
    with (folder / "superlink.log").open("wb") as log:
        process = subprocess.Popen(
            [
                *(script("flower-superlink"), "--insecure", "--simulation"),
                *("--isolation=subprocess", "--host=127.0.0.1", f"--port={port}"),
            ],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            _wait_for(process, port)
            yield Flower(folder, environment)
        finally:
            stop(process)


def _wait_for(process: subprocess.Popen[bytes], port: int) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/health", trust_env=False).is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.2)
    pytest.fail(f"no SuperLink on port {port} in {_PATIENCE:.0f} s")


@pytest.fixture
def run_patched(flower: Flower, tmp_path: Path) -> Callable[[str, int], Path]:
    """Turn a quickstart to Anml by its patch, run it with so many nodes, and name its run."""

    def run(name: str, nodes: int) -> Path:
        # A folder that Flower would take for a project's.
        app = shutil.copytree(HERE / name, tmp_path / f"quickstart-{name}")
        subprocess.run(["git", "apply", "anml.patch"], cwd=app, check=True)
        flower.run(app, nodes)
        return flower.folder / "runs" / name

    return run
