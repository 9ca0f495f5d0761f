"""Importing much at once, without a search for garbage in what has just been imported."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def importing() -> Iterator[None]:
    """Look for no garbage meanwhile; nor ever again in what was there by the first time.

    Torch, scikit-learn and Flower make a million objects that stay until the end. To look
    through them again and again took a quarter of a run's start, and a tenth of a second each
    time that it happened later, in whatever was at work then.

    Examples
    --------
    >>> with importing():
    ...     gc.isenabled()
    False
    >>> gc.isenabled(), gc.get_freeze_count() > 0
    (True, True)
    """
    looking = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if not gc.get_freeze_count():
            gc.freeze()
        if looking:
            gc.enable()
