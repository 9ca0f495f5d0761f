"""Trackers beside a run: a process for each, of which the run takes no notice."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from shlex import quote
from typing import TYPE_CHECKING

from server.tracking.child import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import IO

    from server.tracking.asked import Asked

# Flower's, where everything else that a run says goes.
_log = logging.getLogger("flwr")
# The child's own alarm comes first.
_MORE = 5


@contextmanager
def tracked(out: Path, trackers: Sequence[Asked]) -> Iterator[None]:
    """Have trackers told of a run as it goes on; nothing that becomes of them harms it.

    Parameters
    ----------
    out : Path
        The run's folder.
    trackers : sequence of Asked
    """
    started = [(one, child) for one in trackers if (child := _start(out, one)) is not None]
    readers = [threading.Thread(target=_repeat, args=(c.stdout,)) for _, c in started]
    for reader in readers:
        reader.start()
    try:
        yield
    finally:
        _end(out, started)
        for reader in readers:
            reader.join(_MORE)


def _start(out: Path, asked: Asked) -> subprocess.Popen[str] | None:
    # -P: a folder called `server` where the command is given is not ours.
    command = [sys.executable, "-P", "-m", "server.tracking.child", str(out), asked.text]
    try:
        return subprocess.Popen(  # noqa: S603 - our own interpreter, without a shell
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
            start_new_session=True,  # Ctrl-C is the run's
        )
    except OSError as error:
        _log.warning("%s: its process could not be started: %s", asked.name, error.strerror)
        return None


def _repeat(lines: IO[str]) -> None:
    """Say what a child says, once: the run goes on."""
    with lines:
        for line in lines:
            _log.warning("%s; the run goes on", line.rstrip())


def _end(out: Path, started: Sequence[tuple[Asked, subprocess.Popen[str]]]) -> None:
    """Let the children tell the rest, all at the same time, and wait for them a while."""
    for _, child in started:
        if child.stdin is not None:
            with suppress(OSError):
                child.stdin.close()
    try:
        for asked, child in started:
            with suppress(subprocess.TimeoutExpired):
                child.wait(PATIENCE + _MORE)
            if child.poll() != 0:
                _log.warning(
                    "%s was not told of all rounds: `anml track %s --to %s` tells the rest",
                    asked.name,
                    quote(str(out)),
                    quote(asked.text),
                )
    finally:
        for _, child in started:
            if child.poll() is None:
                child.kill()
                child.wait()
