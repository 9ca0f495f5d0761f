"""Flower's simulation engine, started the way we need it, and stopped again.

`flwr run` by itself would start a SuperLink that outlives the run, shared by every
checkout on the machine; install dependencies from the network; and report home.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import tomli_w

from anml_fl.authorisation.secret import make_secret
from anml_fl.run.files import SUMMARY
from anml_fl.system import proxies, sockets
from anml_fl.system.processes import free_port, stop, stopped_by_signals
from anml_fl.system.switches import SWITCHES
from anml_fl.system.working_folder import STARTED_IN
from server.engines.processes import script
from server.environment import HELD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anml_fl.settings.run import RunConfig

LOG = "simulation.log"
_STARTUP = 60.0
_LAST_LINES = 5
# The longest of their paths, below its RAY_TMPDIR.
RAYS_SOCKETS = len("ray/session_2026-11-26_18-17-06_123456_1234567/sockets/plasma_store.1")


def run_simulation(config: RunConfig, out: Path) -> None:
    """Run the federation on Flower's simulation engine.

    Parameters
    ----------
    config : RunConfig
    out : Path
        The run's folder; Flower's own log goes into it too.

    Raises
    ------
    RuntimeError
        If the run does not come to its end; with the cause that its log names.
    """
    out.mkdir(parents=True, exist_ok=True)
    log = out.resolve() / LOG
    with sockets.temporary(RAYS_SOCKETS) as folder:
        work = Path(folder)
        app = write_app(work, config, out.resolve())
        with (
            log.open("wb") as sink,
            stopped_by_signals(),
            _superlink(work, sink.fileno()) as environment,
        ):
            command = [
                script("flwr"),
                "run",
                str(app),
                "anml",
                "--stream",
                "--federation-config",
                f"num-supernodes={config.federation.contributors} client-resources-num-cpus=1",
            ]
            subprocess.run(  # noqa: S603 - our own scripts, no shell
                command,
                cwd=work,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                check=False,
            )
    # `flwr run --stream` exits with 0 for a failed run too: only the results tell.
    if not (out / SUMMARY).is_file():
        raise RuntimeError(f"the simulation failed: {_cause(log)}; all of its log: {log}")


def _cause(log: Path) -> str:
    """Find the last error that a log names; without one, its last lines."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    named = [line for line in lines if re.match(r"[\w.]*(Error|Exception|Exit)\b.*: ", line)]
    return named[-1] if named else " | ".join(lines[-_LAST_LINES:])


def write_app(work: Path, config: RunConfig, out: Path) -> Path:
    """Write an app that names our apps and holds no code: there is one copy of it.

    Parameters
    ----------
    work : Path
        A folder to make it in.
    config : RunConfig
    out : Path
        The run's folder, as the ServerApp sees it.

    Returns
    -------
    Path
        The app's folder.
    """
    app = work / "anml"
    app.mkdir(exist_ok=True)
    settings = {**config.to_flat(), "out": str(out)}
    project = {
        "build-system": {"requires": ["hatchling"], "build-backend": "hatchling.build"},
        "project": {
            "name": "anml",
            "version": "0.0.0",
            "description": "",
            "license": "Apache-2.0",
        },
        "tool": {
            "flwr": {
                "app": {
                    "publisher": "anml",
                    "components": {
                        "serverapp": "server.app:app",
                        "clientapp": "clients.app:app",
                    },
                    "config": settings,
                }
            }
        },
    }
    (app / "pyproject.toml").write_text(tomli_w.dumps(project), encoding="utf-8")
    return app


@contextmanager
def _superlink(work: Path, sink: int) -> Iterator[dict[str, str]]:
    """Run a SuperLink of our own, in an empty folder; yields the environment for it.

    It takes orders from this account alone: see `server.superlink`.
    """
    empty, home = work / "empty", work / "home"
    empty.mkdir()
    home.mkdir()
    port = free_port()
    connection = {"address": f"127.0.0.1:{port}", "insecure": True}
    (home / "config.toml").write_text(
        tomli_w.dumps({"superlink": {"default": "anml", "anml": connection}}), encoding="utf-8"
    )
    environment = {
        **os.environ,
        **SWITCHES,
        # All calls are to this machine.
        **proxies.exempt(os.environ, proxies.ALL),
        **_log_in(work),
        **_ray_folder(work),
        "FLWR_HOME": str(home),
        HELD: "1",
        STARTED_IN: str(Path.cwd()),
    }
    if named := os.environ.get("PYTHONPATH"):
        # Its processes have a working folder of their own, and import what settings name.
        places = (str(Path(place).absolute()) for place in named.split(os.pathsep))
        environment["PYTHONPATH"] = os.pathsep.join(places)
    environment["PATH"] = os.pathsep.join(
        [str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
    )
    process = subprocess.Popen(  # noqa: S603 - our own scripts, no shell
        [
            sys.executable,
            "-m",
            "server.superlink",
            "--insecure",
            "--simulation",
            "--isolation=subprocess",
            "--host=127.0.0.1",
            f"--port={port}",
        ],
        cwd=empty,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=sink,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        _wait_for(process, port)
        yield environment
    finally:
        stop(process)


def _log_in(work: Path) -> dict[str, str]:
    """Let Ray, whose ports are open on every address, ask for a token that we alone have.

    A cluster that runs already has its own way, and so has who chose one.
    """
    if os.environ.get("RAY_ADDRESS") or os.environ.get("RAY_AUTH_MODE"):
        return {}
    token = work / "ray.token"
    make_secret(token)
    return {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(token)}


def _ray_folder(work: Path) -> dict[str, str]:
    """Say where a Ray of our own has its sockets: it would take a TMPDIR that is too long."""
    if "RAY_ADDRESS" in os.environ:
        return {}
    if named := os.environ.get("RAY_TMPDIR"):
        most = sockets.LONGEST - RAYS_SOCKETS - 1
        if len(os.fsencode(named)) > most:
            raise RuntimeError(
                f"RAY_TMPDIR is too long for Ray's sockets: at most {most} bytes, got {named}"
            )
        return {}
    return {"RAY_TMPDIR": str(work)}


def _wait_for(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + _STARTUP
    while time.monotonic() < deadline and process.poll() is None:
        try:
            # Not through a proxy that the environment may name.
            url = f"http://127.0.0.1:{port}/health"
            if httpx.get(url, timeout=1.0, trust_env=False).is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.2)
    raise RuntimeError(
        f"Flower's SuperLink did not start on port {port} within {_STARTUP:.0f} s"
    )
