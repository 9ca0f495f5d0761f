"""What `anml page` needs to answer: a process of its own, asked address by address."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
import psutil

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_PATIENCE = 600.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one address.

    Parameters
    ----------
    address : str
        Below the run's.
    size : int
        Bytes.
    seconds, processor : float
        Until all of it was there: by the clock, and the server's processor time.
    again : float
        Seconds by the clock when it was asked for once more.
    memory : int
        The server's resident bytes afterwards.
    """

    address: str
    size: int
    seconds: float
    processor: float
    again: float
    memory: int


class PageProcess:
    """`anml page` on a run's folder.

    Parameters
    ----------
    process : psutil.Popen
    url : str
        Of the run's page.
    """

    def __init__(self, process: psutil.Popen, url: str) -> None:
        self._process, self.url = process, url

    @property
    def memory(self) -> int:
        """Resident bytes now."""
        return int(self._process.memory_info().rss)

    def processor(self) -> float:
        """Processor seconds so far."""
        times = self._process.cpu_times()
        return float(times.user + times.system)

    def ask(self, addresses: Sequence[str]) -> list[Answer]:
        """Ask for each address twice, one after the other.

        Raises
        ------
        httpx.HTTPStatusError
            If one is not answered with 200.
        """
        found = []
        with httpx.Client(base_url=self.url, timeout=_PATIENCE, trust_env=False) as client:
            for address in addresses:
                before = self.processor()
                start = time.perf_counter()
                answer = client.get(address).raise_for_status()
                took = time.perf_counter() - start
                spent = self.processor() - before
                start = time.perf_counter()
                client.get(address).raise_for_status()
                again = time.perf_counter() - start
                size = len(answer.content)
                found.append(Answer(address, size, took, spent, again, self.memory))
        return found


@contextmanager
def page_process(run: Path) -> Iterator[PageProcess]:
    """Serve a run's folder meanwhile.

    Raises
    ------
    RuntimeError
        If the server does not say where it is.
    """
    command = [sys.executable, "-m", "anml_fl", "page", str(run), "--port", "0"]
    process = psutil.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        if not (url := process.stdout.readline().strip()):
            raise RuntimeError(f"{' '.join(command)} ended without an address")
        yield PageProcess(process, f"{url}{run.resolve().name}/")
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()
