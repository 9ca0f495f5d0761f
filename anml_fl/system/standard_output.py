"""Standard output for the one thing that a program reads, whoever else prints meanwhile."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, redirect_stdout
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def kept_free() -> Iterator[TextIO]:
    """Send what is printed meanwhile to standard error, that of processes started too.

    Yields
    ------
    TextIO
        Writes to what was standard output before.

    Examples
    --------
    >>> with kept_free() as answers:
    ...     print("by a model of one's own")
    ...     print("the answer", file=answers)
    the answer
    """
    before = sys.stdout
    if not _is_file(before) or not _is_file(sys.stderr):  # such as a test's
        with redirect_stdout(sys.stderr):
            yield before
        return
    before.flush()
    place = before.fileno()
    kept = os.dup(place)
    # Libraries and processes write to the number, whatever Python calls by the name.
    os.dup2(sys.stderr.fileno(), place)
    try:
        with (
            redirect_stdout(sys.stderr),
            os.fdopen(os.dup(kept), "w", encoding=before.encoding) as answers,
        ):
            yield answers
    finally:
        before.flush()
        os.dup2(kept, place)
        os.close(kept)


def _is_file(stream: TextIO | None) -> bool:
    """Say whether a stream writes to an open file of the system's."""
    try:
        return stream is not None and os.fstat(stream.fileno()) is not None
    except (OSError, ValueError, AttributeError):
        return False
