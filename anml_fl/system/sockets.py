"""Unix sockets: their paths are short, which folders' need not be."""

from __future__ import annotations

import os
import sys
import tempfile

LONGEST = 103 if sys.platform == "darwin" else 107
"""Bytes of a socket's path, without its closing zero."""
# What tempfile adds to the folder's name, below.
_PREFIX, _RANDOM = "anml-", 8
_ELSEWHERE = ("/tmp", "/var/tmp")  # noqa: S108 - folders of one's own are made there


def temporary(room: int) -> tempfile.TemporaryDirectory[str]:
    """Make a folder for sockets: the user's own, and gone with its context.

    Parameters
    ----------
    room : int
        Bytes of the longest path below it.

    Returns
    -------
    tempfile.TemporaryDirectory
        Where temporary files go, unless that path is too long.

    Raises
    ------
    OSError
        If there is no folder with a path that is short enough.

    Examples
    --------
    >>> with temporary(20) as folder:
    ...     len(folder) + 1 + 20 <= LONGEST
    True
    """
    # What is being stopped may still write there.
    return tempfile.TemporaryDirectory(
        prefix=_PREFIX, dir=_place(room), ignore_cleanup_errors=True
    )


def moved(room: int) -> str:
    """Note which sockets do not lie where temporary files go.

    Parameters
    ----------
    room : int
        As of `temporary`.

    Returns
    -------
    str
        Empty if they lie there.

    Raises
    ------
    OSError
        As of `temporary`.
    """
    chosen, place = tempfile.gettempdir(), _place(room)
    if place == chosen:
        return ""
    return (
        f"note: TMPDIR is too long for Unix sockets, so they lie in {place}, not in {chosen}"
    )


def _place(room: int) -> str:
    chosen = tempfile.gettempdir()
    most = LONGEST - room - len(f"/{_PREFIX}/") - _RANDOM
    for place in (chosen, *_ELSEWHERE):
        if len(os.fsencode(place)) <= most and os.access(place, os.W_OK | os.X_OK):
            return place
    raise OSError(
        f"there is no folder for Unix sockets, whose paths have at most {LONGEST} bytes:"
        f" {chosen} is too long ({len(os.fsencode(chosen))} bytes, at most {most}), and"
        f" {' and '.join(_ELSEWHERE)} cannot be written. Let TMPDIR name a shorter one"
    )
