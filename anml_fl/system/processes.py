"""Processes of ours: where they listen, and how all that they started is stopped with them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
from contextlib import contextmanager, suppress
from signal import SIGHUP, SIGTERM
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterator

_PATIENCE = 10.0


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP unwind like Ctrl-C: nothing may go on in the background."""

    def leave(number: int, frame: object) -> None:
        raise SystemExit(128 + number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, leave) for number in (SIGTERM, SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def stop(process: subprocess.Popen[bytes], patience: float = _PATIENCE) -> None:
    """Stop a process and all that it started, some of which have sessions of their own.

    Parameters
    ----------
    process : subprocess.Popen
    patience : float
        Seconds after which it is killed.
    """
    try:
        started = psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        started = []
    process.terminate()
    try:
        process.wait(timeout=patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    _, alive = psutil.wait_procs(started, timeout=patience)
    for one in alive:
        with suppress(psutil.NoSuchProcess):
            one.kill()
    psutil.wait_procs(alive, timeout=patience)


def running() -> Iterator[psutil.Process]:
    """Yield each process that runs now.

    `psutil.process_iter` remembers processes by their numbers, and a number comes again once
    all others were given out: it would hand on whoever had it before, which nobody can stop.
    """
    for pid in psutil.pids():
        with suppress(psutil.Error):
            yield psutil.Process(pid)


def marked(variable: str, value: str) -> list[psutil.Process]:
    """List the processes whose environment has a mark, this one excepted.

    What a process starts has it too, also where it has a session of its own, or its parent has
    gone.
    """
    found = []
    for process in running():
        with suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and process.environ().get(variable) == value:
                found.append(process)
    return found


def free_port() -> int:
    """Find a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
