"""Looking after a federation's processes on this machine while a run goes on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import psutil

from server.deployment.control import ControlError
from server.deployment.processes import SERVERAPP

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from server.deployment.processes import Service

# A ServerApp that came to its end has reported so to SuperLink before it left.
_GONE = 3.0


class Supervisor:
    """Starts again what died, and says when a run cannot go on without a new submission.

    Parameters
    ----------
    others : sequence of Service
        SuperNodes, and what they need.
    say : callable
        Shows a message.
    """

    def __init__(
        self, superlink: Service, others: Sequence[Service], say: Callable[[str], None]
    ) -> None:
        self._superlink = superlink
        self._others = tuple(others)
        self._say = say
        self._serverapp: psutil.Process | None = None
        self._last_seen = 0.0

    def __call__(self) -> str:
        """Look once.

        Returns
        -------
        str
            Why the run that goes on cannot come to its end; empty if it can.

        Raises
        ------
        ControlError
            If SuperLink dies again and again.
        """
        for service in self._others:
            code = service.status
            if service.revive():
                self._say(f"{service.name} left with {code}: started again")
        code = self._superlink.status
        if self._superlink.revive():
            self._say(f"SuperLink left with {code}: started again")
            self._serverapp = None
            return "SuperLink died"
        if self._superlink.given_up:
            raise ControlError(
                f"SuperLink dies again and again; its log: {self._superlink.log}:"
                f" {self._superlink.last_lines()}"
            )
        return self._lost_serverapp()

    def _lost_serverapp(self) -> str:
        """Notice that the ServerApp was killed: SuperLink itself takes a minute to."""
        now = time.monotonic()
        try:
            if self._serverapp is None:
                self._serverapp = self._find()
            if self._serverapp is None or _runs(self._serverapp):
                self._last_seen = now
                return ""
        except psutil.Error:
            return ""
        if now - self._last_seen < _GONE:
            return ""
        self._serverapp = None
        return "the ServerApp died"

    def _find(self) -> psutil.Process | None:
        pid = self._superlink.pid
        started = [] if pid is None else psutil.Process(pid).children(recursive=True)
        return next((one for one in started if _is_serverapp(one)), None)


def _is_serverapp(process: psutil.Process) -> bool:
    try:
        return _runs(process) and any(SERVERAPP in part for part in process.cmdline()[:2])
    except psutil.Error:
        return False


def _runs(process: psutil.Process) -> bool:
    # What is left of one whose parent has not asked after it runs no more.
    return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
