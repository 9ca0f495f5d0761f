"""A run from its submission to its end: followed, and submitted again after a crash."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from anml_fl.run.files import ERROR, SUMMARY
from server.deployment.control import ControlError, Ending

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from anml_fl.settings.run import RunConfig
    from server.deployment.control import Control

COMPLETED, FAILED, STOPPED = "completed", "failed", "stopped"
ATTEMPTS = 6
_POLL = 0.5
_SHOWN = 500
# SuperLink waits for signs of life of a ServerApp that was killed; then it says so.
_LOST = 180.0


def carry_out(
    control: Control,
    config: RunConfig,
    out: Path,
    environment: Mapping[str, str],
    *,
    admit: Callable[[], None],
    tend: Callable[[], str],
    say: Callable[[str], None],
) -> str:
    """Submit a run and follow it to its end; after a crash, submit it again.

    Each submission goes on where the checkpoint in the run's folder says. An error of the
    app itself would come again, and ends the run.

    Parameters
    ----------
    out : Path
        The run's folder, as SuperLink's machine names it and as it is found here.
    environment : mapping
        Of Flower's command line.
    admit : callable
        Registers the nodes with SuperLink, which may have forgotten them in a crash.
    tend : callable
        Called often: looks after the processes, and says why the run cannot come to its
        end; an empty text if it can.
    say : callable
        Shows a message.

    Returns
    -------
    str
        "completed", "failed" or "stopped".

    Raises
    ------
    ControlError
        If a submission is refused, or SuperLink stays away.
    """
    before = _written(out / SUMMARY)
    for attempt in range(1, ATTEMPTS + 1):
        (out / ERROR).unlink(missing_ok=True)
        control.wait(_LOST)
        admit()
        run = control.submit(config, out, environment)
        ending = _follow(control, run, tend)
        if _written(out / SUMMARY) not in (None, before):
            return COMPLETED
        if (out / ERROR).is_file():
            cause = (out / ERROR).read_text(encoding="utf-8", errors="replace").strip()
            say(f"the run failed: {cause[:_SHOWN]}{' ...' if len(cause) > _SHOWN else ''}")
            return FAILED
        if ending.status == STOPPED:
            say(f"run {run} was stopped by another command")
            return STOPPED
        why = ending.details or ending.status
        if attempt < ATTEMPTS:
            say(f"run {run} crashed ({why}): submitted again, {attempt} of {ATTEMPTS - 1}")
            time.sleep(min(attempt - 1, 10))
        else:
            say(f"run {run} crashed ({why}), and {ATTEMPTS - 1} before it")
    return FAILED


def _follow(control: Control, run: int, tend: Callable[[], str]) -> Ending:
    """Wait for a run's end, or for what keeps it from coming to one."""
    last = time.monotonic()
    while True:
        time.sleep(_POLL)
        if why := tend():
            control.wait(_LOST)
            ending = control.ending(run)
            if not ending.status:
                # It has no ServerApp any more, but its nodes would go on with its messages.
                control.stop(run)
                ending = Ending(FAILED, why)
            return ending
        try:
            ending = control.ending(run)
            last = time.monotonic()
        except ControlError:
            if time.monotonic() - last > _LOST:
                raise
            continue
        if ending.status:
            return ending


def _written(path: Path) -> int | None:
    """Say when a file was written, None if it is not there."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return None
