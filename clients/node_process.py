"""A SuperNode with a table of its own, as a process that is let in sooner or later."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

import psutil

from anml_fl.system import proxies
from anml_fl.system.processes import free_port, marked, stop
from anml_fl.system.sockets import temporary
from anml_fl.system.switches import SWITCHES
from anml_fl.system.working_folder import STARTED_IN, started_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

PAUSE = 10.0
"""Seconds until a node that was not let in tries again."""
MINUTE = 60.0
"""Seconds in which it is said at most once that SuperLink does not answer."""
# What Flower's SuperNode says each time, without saying of whom.
_UNANSWERED = b"Connection attempt failed"
# How Flower's SuperNode ends when SuperLink refuses it, with HTTP 412 or otherwise.
_REFUSED = b"Exit Code: 305"
# What the SuperNode starts inherits it, and may outlive the SuperNode.
_MARK = "ANML_NODE"
# It may take its leave of SuperLink for 15 s (`clients.supernode`).
_LEAVE = 20.0


@dataclass(frozen=True, slots=True)
class NodeFiles:
    """What a node stands on; every path is absolute.

    Parameters
    ----------
    key : Path
        Its private key.
    certificate : Path
        Of the authority that vouches for SuperLink.
    data : str
        Its table: a file, a folder, or hf:NAME.
    schema : Path
        Its copy of what all have agreed on.
    egress : Path, optional
        Its policy; the usual one without.
    """

    key: Path
    certificate: Path
    data: str
    schema: Path
    egress: Path | None

    @property
    def record(self) -> Path:
        """The record of replies that were held back."""
        return self.key.with_name("egress.log")

    @property
    def node_config(self) -> str:
        """What the ClientApp is told of the node, as Flower's option takes it."""
        named = {"data": self.data, "schema": self.schema, "egress-log": self.record}
        if self.egress is not None:
            named["egress"] = self.egress
        return " ".join(f"{name}={quoted(name, str(value))}" for name, value in named.items())

    def command(self, superlink: str) -> list[str]:
        """Make the SuperNode's command line; its own port is a free one of this machine."""
        return [
            sys.executable,
            "-m",
            "clients.supernode",
            f"--superlink={superlink}",
            f"--root-certificates={self.certificate}",
            f"--auth-supernode-private-key={self.key}",
            "--host=127.0.0.1",
            f"--port={free_port()}",
            f"--node-config={self.node_config}",
        ]

    def environment(self, given: Mapping[str, str], *, warm: bool) -> dict[str, str]:
        """Make its environment: nothing reports home, programs lie beside this Python."""
        programs = os.path.dirname(sys.executable)  # noqa: PTH120 - a link stays a link
        return {
            "FLWR_HOME": str(self.key.with_name("flwr")),
            **given,
            **SWITCHES,
            **proxies.exempt(given),
            "PATH": os.pathsep.join([programs, given.get("PATH", os.defpath)]),
            # Its own working folder is an empty one.
            STARTED_IN: str(started_in().absolute()),
            "ANML_WARM": "1" if warm else "0",
        }


def quoted(name: str, value: str) -> str:
    r"""Quote a value for Flower's node config, which has no way to escape a quote.

    Parameters
    ----------
    name : str
        What it is, for the message.
    value : str

    Raises
    ------
    ValueError
        If it cannot be quoted.

    Examples
    --------
    >>> quoted("data", "/srv/site a.csv")
    "'/srv/site a.csv'"
    >>> quoted("data", "/srv/ann's.csv")
    '"/srv/ann\'s.csv"'
    """
    if value.isprintable() and "'" not in value:
        return f"'{value}'"
    if value.isprintable() and not {'"', "\\"} & set(value):
        return f'"{value}"'
    raise ValueError(
        f"{name}: a path with both kinds of quotes or with control characters cannot be handed"
        f" to Flower, got {value!r}: rename the file or its folder"
    )


def keep_joined(
    command: Callable[[], list[str]],
    environment: Mapping[str, str],
    say: Callable[[str], None],
    superlink: str,
    pause: float = PAUSE,
) -> int:
    """Run a SuperNode until it ends; while SuperLink refuses it, again and again.

    Parameters
    ----------
    command : callable
        Makes its command line, anew each time.
    environment : mapping
    say : callable
        Told why it is tried again, and once a minute that SuperLink does not answer.
    superlink : str
        Its address, for what is said.
    pause : float
        Seconds before that.

    Returns
    -------
    int
        Its exit status.
    """
    unanswered = _Unanswered(say, superlink)
    # An empty folder: nothing is imported from it.
    with temporary(0) as folder:
        while True:
            status, refused = _run(command(), environment, folder, unanswered)
            if not refused:
                return status
            say(
                "SuperLink has not let this node in: its key is not registered there yet, or a"
                " node with this key still counts as connected, for up to a minute. Trying"
                f" again in {pause:g} s; Ctrl-C ends"
            )
            time.sleep(pause)


class _Unanswered:
    """Says that SuperLink does not answer, at most once a minute."""

    def __init__(self, say: Callable[[str], None], superlink: str) -> None:
        self._say, self._superlink = say, superlink
        self._last = -math.inf

    def __call__(self) -> None:
        now = time.monotonic()
        if now - self._last < MINUTE:
            return
        self._last = now
        self._say(
            f"SuperLink at {self._superlink} does not answer; it is tried again until it does."
            " Check that it runs, that host and port are right, and that no firewall or proxy"
            " lies between; Ctrl-C ends"
        )


def _run(
    command: list[str],
    environment: Mapping[str, str],
    folder: str,
    unanswered: Callable[[], None],
) -> tuple[int, bool]:
    """Run it once, with its words on our own output; say how it ended."""
    mark = uuid4().hex
    process = subprocess.Popen(  # noqa: S603 - our own module, no shell
        command,
        cwd=folder,
        env={**environment, _MARK: mark},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # Ctrl-C is for us: we let it take its leave
    )
    refused = threading.Event()
    # Not here: what it has started may hold its output open after it has gone.
    passing_on = threading.Thread(
        target=_pass_on, args=(process, refused, unanswered), daemon=True
    )
    passing_on.start()
    try:
        process.wait()
    finally:
        stop(process, _LEAVE)
        left = marked(_MARK, mark)
        for one in left:
            with suppress(psutil.Error):
                one.kill()
        psutil.wait_procs(left, timeout=_LEAVE)
        passing_on.join(_LEAVE)
        if process.stdout is not None:
            process.stdout.close()
    return process.returncode, refused.is_set()


def _pass_on(
    process: subprocess.Popen[bytes], refused: threading.Event, unanswered: Callable[[], None]
) -> None:
    for line in process.stdout or ():
        if _UNANSWERED in line:
            unanswered()
            continue
        sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()
        if _REFUSED in line:
            refused.set()
