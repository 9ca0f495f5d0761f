"""The process that tells one tracker of a run which goes on beside it.

A process of its own: a tracker's library can neither hold the run up, nor draw from its random
numbers, nor take it down. What it finds wrong it says on standard output, once; the run's
process ends it by closing its standard input, also by dying.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from anml_fl.run.files import CONFIG
from anml_fl.settings.section import ConfigError
from server.page.opening import there
from server.tracking.asked import read_asked
from server.tracking.sending import Sending, telling
from server.tracking.words import told

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from server.tracking.asked import Asked

PATIENCE = 30
"""Seconds after the run's end in which the rest must be told."""
_POLL = 0.5
# After a failure the next attempt waits, each time twice as long.
_FIRST, _LONGEST = 2.0, 60.0


def follow(folder: Path, asked: Asked, over: threading.Event, out: TextIO) -> bool:
    """Tell a tracker of a run until that is over, whatever fails in between.

    Parameters
    ----------
    folder : Path
        The run's.
    asked : Asked
    over : threading.Event
        Set when the run has ended, or was stopped.
    out : text file
        Gets a line where something fails for the first time.

    Returns
    -------
    bool
        Whether the tracker has all that there is.
    """
    said, wait = False, _FIRST
    while there(folder, CONFIG) is None:  # its folder is made by the run, and not before
        if over.wait(_POLL):
            return True
    with _held(folder, asked), Sending(folder, asked) as sending:
        while True:
            last = over.wait(_POLL)
            try:
                sending.catch_up()
                wait = _FIRST
                if last:
                    sending.conclude()
                    return True
            except Exception as error:  # noqa: BLE001 - whatever a tracker's library raises
                if not said:
                    print(f"{asked.name}: {told(error)}", file=out, flush=True)
                    said = True
                _let_go(sending)
                if last:
                    return False
                over.wait(wait)
                wait = min(2 * wait, _LONGEST)


@contextmanager
def _held(folder: Path, asked: Asked) -> Iterator[None]:
    """Wait for another one to end: that of a run which was killed tells what it can."""
    with ExitStack() as held:
        while True:
            try:
                held.enter_context(telling(folder, asked))
                break
            except ConfigError:
                time.sleep(_POLL)
        yield


def _let_go(sending: Sending) -> None:
    """Close what failed: it is opened anew, and asked again what it has."""
    with suppress(Exception):  # it failed before, and was said to
        sending.close()


def _main() -> int:
    # What libraries print is nobody's: standard output has our words alone.
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    over = threading.Event()

    def listen() -> None:
        sys.stdin.buffer.read()
        # A tracker that never answers ends by the alarm, with all its threads.
        signal.alarm(PATIENCE)
        over.set()

    threading.Thread(target=listen, daemon=True).start()
    try:
        return 0 if follow(Path(sys.argv[1]), read_asked(sys.argv[2]), over, out) else 1
    except Exception as error:  # noqa: BLE001 - a name that cannot be imported here, a lock
        print(told(error), file=out, flush=True)
        return 1


if __name__ == "__main__":
    sys.exit(_main())
