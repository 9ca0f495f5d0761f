"""How a benchmark measures: by turns, in processor time, and laid out as Markdown."""

from __future__ import annotations

import gc
import platform
import resource
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TypeVar

import psutil

if TYPE_CHECKING:
    from anml_fl.settings.run import RunConfig

Progress = Callable[[str], None]
"""Given what is being measured, in words."""

_T = TypeVar("_T")


def silent(text: str) -> None:
    """Say nothing of the progress."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of one contestant.

    Parameters
    ----------
    least, middle : float
        Minimum and median over the repeats.
    """

    least: float
    middle: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Timing:
        """Sum up some measurements.

        Examples
        --------
        >>> Timing.of([3.0, 1.0, 2.0])
        Timing(least=1.0, middle=2.0)
        """
        return cls(min(seconds), median(seconds))


def timed(
    call: Callable[[], _T], clock: Callable[[], float] = time.process_time
) -> tuple[_T, float]:
    """Call once, after a collection of garbage: what came out, and the seconds it took."""
    gc.collect()
    start = clock()
    result = call()
    return result, clock() - start


def by_turns(
    contestants: Mapping[str, Callable[[], Any]],
    repeats: int,
    say: Callable[[int, str], None],
) -> tuple[dict[str, Timing], dict[str, Any]]:
    """Time contestants in turn, so that a busy minute of a machine falls on all of them.

    Parameters
    ----------
    contestants : mapping of str to callable
    repeats : int
        Turns, >= 1, preceded by one that does not count.
    say : callable
        Given the turn and the contestant.

    Returns
    -------
    (dict of str to Timing, dict)
        Seconds of processor time, and the last results.
    """
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    results = {}
    for turn in range(repeats + 1):
        for name, call in contestants.items():
            say(turn, name)
            results[name], took = timed(call)
            if turn:
                seconds[name].append(took)
    return {name: Timing.of(each) for name, each in seconds.items()}, results


class PeakMemory:
    """Watch how far the process's memory grows while a block runs."""

    def __enter__(self) -> PeakMemory:
        gc.collect()
        self._process = psutil.Process()
        self._start = self._peak = self._process.memory_info().rss
        self._done = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()
        return self

    def _watch(self) -> None:
        while not self._done.wait(0.02):
            self._peak = max(self._peak, self._process.memory_info().rss)

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._watcher.join()

    @property
    def growth(self) -> int:
        """Bytes at the peak beyond those at the start."""
        return int(self._peak - self._start)


def peak_memory() -> int:
    """Peak memory of this process so far, in bytes."""
    status = Path("/proc/self/status")
    if status.exists():
        # On Linux `ru_maxrss` of a process begins at the peak of whoever started it.
        lines = status.read_text(encoding="utf-8").splitlines()
        peaks = [line.split()[1] for line in lines if line.startswith("VmHWM")]
        if peaks:
            return int(peaks[0]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # kilobytes on Linux


def machine() -> str:
    """Processor, BLAS and versions, on which all figures depend, on one line."""
    # Not above: a ledger is verified without NumPy's libraries.
    from threadpoolctl import threadpool_info  # noqa: PLC0415

    cpu, info = platform.processor(), Path("/proc/cpuinfo")
    if info.exists():
        lines = info.read_text(encoding="utf-8").splitlines()
        names = [line.partition(":")[2] for line in lines if line.startswith("model name")]
        cpu = names[0].strip() if names else cpu
    blas = ", ".join(
        f"{pool['internal_api']} {pool['version']} ({pool.get('architecture', '?')})"
        for pool in threadpool_info()
        if pool["user_api"] == "blas"
    )
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "torch", "flwr"))
    return f"{cpu or 'unknown processor'}, one thread; {blas}; {packages}"


def markdown(heads: Sequence[str], rows: Sequence[Sequence[str]], rule: str = "") -> str:
    """Lay a table out.

    Parameters
    ----------
    heads : sequence of str
    rows : sequence of sequences of str
    rule : str
        The line below the heads, where it is another than numbers have.

    Examples
    --------
    >>> print(markdown(["n", "s"], [["100", "0.5"]]))
    | n | s |
    | --: | --: |
    | 100 | 0.5 |
    """
    head, *body = ["| " + " | ".join(row) + " |" for row in (heads, *rows)]
    below = rule or "| " + " | ".join(["--:"] * len(heads)) + " |"
    return "\n".join([head, below, *body])


def on_machine(*tables: str) -> str:
    """Set tables under the machine that they were measured on."""
    return "\n\n".join([machine(), *tables])


def federated(config: RunConfig, read: Callable[[Path, dict[str, Any]], _T]) -> _T:
    """Train a federation on the inline engine, and read its folder before it goes.

    Parameters
    ----------
    config : RunConfig
    read : callable
        Given the run's folder and its summary.
    """
    # Flower is imported where a federation is trained alone.
    from clients.app import app  # noqa: PLC0415
    from server.engines.inline_grid import InlineGrid  # noqa: PLC0415
    from server.orchestration.federation import run_federation  # noqa: PLC0415

    nodes = [{"partition-id": i} for i in range(config.federation.contributors)]
    with TemporaryDirectory() as folder:
        grid = InlineGrid(app, nodes, config.to_flat())
        return read(Path(folder), run_federation(grid, config, Path(folder)))
