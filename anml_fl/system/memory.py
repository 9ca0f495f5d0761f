"""Memory that is no longer used, and still this process's."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def release_freed() -> None:
    """Give what was freed back to the machine, where the C library can be asked to.

    glibc keeps blocks of up to 32 MB that lie below one that is in use, for later. It takes
    about a millisecond, and more where there is more to give back.
    """
    trim = _trim()
    if trim is not None:
        trim(0)


@cache
def _trim() -> Callable[[int], int] | None:
    """Find glibc's malloc_trim: other C libraries have none."""
    found: Callable[[int], int] | None = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return found
