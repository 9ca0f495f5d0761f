"""SuperLink and SuperNodes as processes on this machine, started again when they die."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import psutil

from anml_fl.authorisation.secret import FILE as OWNER_SECRET
from anml_fl.ledger.key_file import KEY_FILE
from anml_fl.system import proxies
from anml_fl.system.node_config import node_config
from anml_fl.system.processes import free_port, marked
from anml_fl.system.switches import SWITCHES
from anml_fl.system.working_folder import STARTED_IN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from server.deployment.state import Node, State

TASK_POLL, POLL = "FLWR_SUPEREXEC_TASK_POLL_INTERVAL", "ANML_POLL"
"""Environment variables, seconds between two looks: for a task to start, for a message."""
SERVERAPP = "flwr-serverapp"
"""Flower's command, a process for each run."""
WARM, WARM_SOCKET = "ANML_WARM", "ANML_WARM_SOCKET"
"""Environment variables: 1 for warm client processes and shorter polls; who forks them."""

# What a process starts has sessions of its own and may outlive it: this variable, which all
# of them inherit, says whose they are.
_MARK = "ANML_SERVICE"
# The same for all of a federation: what was left behind when we ourselves were killed.
_FEDERATION = "ANML_FEDERATION"
# A SuperNode may take its leave of SuperLink for 15 s (`clients.supernode`).
_WAIT = 20.0
# A process that dies at once, again and again, has a reason that its log gives. But for a
# minute SuperLink takes nobody in the place of a node that was killed: the tries last longer.
_RESTARTS, _STEADY, _LONGEST_PAUSE = 8, 120.0, 30.0


class Service:
    """A process that is started again when it dies.

    Parameters
    ----------
    name : str
        For messages, and for its log.
    command : callable
        Makes its command line, anew each time.
    folder : Path
        Its working folder and log: an empty one, so that nothing is imported from it.
    """

    def __init__(
        self,
        name: str,
        command: Callable[[], list[str]],
        environment: dict[str, str],
        folder: Path,
    ) -> None:
        self.name = name
        self.command = command
        self._mark = uuid4().hex
        self._environment = {**environment, _MARK: self._mark}
        self._empty = folder / "empty"
        self.log = folder / "logs" / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._restarts = 0
        self._started = 0.0
        self._died: float | None = None

    def start(self) -> None:
        """Start it."""
        self._empty.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self.log.open("ab") as sink:
            self._process = subprocess.Popen(  # noqa: S603 - our own scripts, no shell
                self.command(),
                cwd=self._empty,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for us: we stop it
            )
        self._started, self._died = time.monotonic(), None

    @property
    def pid(self) -> int | None:
        """Its process id, while it is started."""
        return None if self._process is None else self._process.pid

    @property
    def status(self) -> int | None:
        """How it left, if it has."""
        return None if self._process is None else self._process.poll()

    def revive(self) -> bool:
        """Start it again if it died: at once, then after ever longer pauses, then no more.

        Returns
        -------
        bool
            Whether it was started again.
        """
        if self._process is None or self._process.poll() is None:
            return False
        now = time.monotonic()
        if self._died is None:
            self._died = now
            if now - self._started > _STEADY:
                self._restarts = 0
        pause = min(2.0 ** (self._restarts - 1), _LONGEST_PAUSE) if self._restarts else 0.0
        if self._restarts >= _RESTARTS or now - self._died < pause:
            return False
        self._restarts += 1
        # What it had started may still write where the next one will.
        stop([self])
        self.start()
        return True

    @property
    def given_up(self) -> bool:
        """Whether it died too often to be started again."""
        return self.status is not None and self._restarts >= _RESTARTS

    def processes(self) -> list[psutil.Process]:
        """List it, and all that it started, directly or not."""
        return marked(_MARK, self._mark)

    def last_lines(self, count: int = 5) -> str:
        """Give the end of its log."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return " | ".join(line.strip() for line in lines[-count:] if line.strip())


def stop(services: Iterable[Service]) -> None:
    """Stop services and all that they started: asked at first, killed after twenty seconds."""
    services = list(services)
    _end(lambda: [process for one in services for process in one.processes()])
    for one in services:
        if one._process is not None:
            one._process.wait()


def interrupt(superlink: Service) -> None:
    """End a run that goes on, before its nodes leave.

    Its ServerApp would take their leaving for an answer, and end the round without them. It
    is killed, as in a crash: what it has kept is whole at any moment.

    Parameters
    ----------
    superlink : Service
        Which started it.
    """
    _kill_serverapps(superlink.processes())


def _kill_serverapps(running: Iterable[psutil.Process]) -> None:
    for process in running:
        with suppress(psutil.Error):
            if any(part.endswith(SERVERAPP) for part in process.cmdline()[:2]):
                process.kill()


def stop_leftovers(state: State) -> int:
    """Stop what runs of a federation whose command was killed.

    Parameters
    ----------
    state : State
        Held: nobody runs it.

    Returns
    -------
    int
        How many processes there were.
    """
    found = marked(_FEDERATION, str(state.local.resolve()))
    _end(lambda: marked(_FEDERATION, str(state.local.resolve())))
    return len(found)


def _end(processes: Callable[[], list[psutil.Process]]) -> None:
    running = processes()
    _kill_serverapps(running)
    for process in running:
        with suppress(psutil.Error):
            process.terminate()
    _, alive = psutil.wait_procs(running, timeout=_WAIT)
    # Some may have been started in between.
    alive += processes()
    for process in alive:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(alive, timeout=_WAIT)


def environment(state: State, *, warm: bool) -> dict[str, str]:
    """Make the environment of a federation's processes.

    Parameters
    ----------
    warm : bool
        Warm client processes and shorter polls.
    """
    return {
        **os.environ,
        **SWITCHES,
        # All calls are to this machine.
        **proxies.exempt(os.environ, proxies.ALL),
        KEY_FILE: str(state.ledger_key.resolve()),
        STARTED_IN: str(Path.cwd()),
        "PATH": os.pathsep.join(
            [str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
        ),
        WARM: "1" if warm else "0",
        _FEDERATION: str(state.local.resolve()),
    }


def superlink(state: State, port: int, given: dict[str, str]) -> Service:
    """Describe a SuperLink that listens on 127.0.0.1: TLS, and registered nodes only.

    It takes orders from this account alone: see `server.superlink`.

    Parameters
    ----------
    given : dict
        Its environment.
    """
    local = state.local.resolve()
    # Flower's SQL takes most of a warm round. Nothing that must last is in it: after a crash
    # nodes are registered again, and the run goes on from its checkpoint.
    database = ":flwr-in-memory:" if given.get(WARM) == "1" else str(local / "superlink.db")
    command = [
        sys.executable,
        "-m",
        "server.superlink",
        f"--ssl-ca-certfile={state.ca.resolve()}",
        f"--ssl-certfile={state.server_certificate.resolve()}",
        f"--ssl-keyfile={state.server_key.resolve()}",
        "--enable-supernode-auth",
        "--isolation=subprocess",
        "--disable-runtime-dependency-installation",
        f"--database={database}",
        "--host=127.0.0.1",
        f"--port={port}",
    ]
    own = {"FLWR_HOME": str(local / "flwr" / "superlink")}
    if state.owner_secret.exists():
        own[OWNER_SECRET] = str(state.owner_secret.resolve())
    return Service("superlink", lambda: command, {**given, **own}, local)


def supernode(
    state: State, node: Node, total: int, address: str, given: dict[str, str]
) -> Service:
    """Describe a SuperNode.

    Parameters
    ----------
    total : int
        Number of nodes.
    address : str
        SuperLink's, HOST:PORT.
    given : dict
        Its environment.
    """

    def command() -> list[str]:
        return [
            sys.executable,
            "-m",
            "clients.supernode",
            f"--root-certificates={state.ca.resolve()}",
            f"--superlink={address}",
            f"--auth-supernode-private-key={node.key.resolve()}",
            "--host=127.0.0.1",
            f"--port={free_port()}",
            f"--node-config={_config(state, node, total)}",
        ]

    local = state.local.resolve()
    home = {"FLWR_HOME": str(local / "flwr" / node.name)}
    return Service(node.name, command, {**given, **home}, local)


def _config(state: State, node: Node, total: int) -> str:
    """Say what a node is given: a table of its own, or its part of a data set."""
    if table := state.tables().get(node.name):
        files = {"data": table, "schema": node.schema, "egress": node.egress}
        return node_config({name: str(path.resolve()) for name, path in files.items()})
    return node_config({"partition-id": node.partition, "num-partitions": total})


def warm_process(state: State, path: Path, given: dict[str, str]) -> Service:
    """Describe the process that forks the nodes' client processes.

    Parameters
    ----------
    path : Path
        Of its socket, in a folder of this user's alone; not long.
    given : dict
        Its environment.
    """
    command = [sys.executable, "-m", "clients.warm", str(path)]
    local = state.local.resolve()
    home = {"FLWR_HOME": str(local / "flwr" / "warm")}
    return Service("warm", lambda: command, {**given, **home}, local)
