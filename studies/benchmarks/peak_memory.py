"""How far the process's memory grows while something runs."""

from __future__ import annotations

import gc
import threading

import psutil


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
