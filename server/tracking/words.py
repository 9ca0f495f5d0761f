"""What went wrong with a tracker, in words that hold no secret."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from anml_fl.system.files import cause
from anml_fl.system.untrusted_text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

_LETTERS = 300
_USER = re.compile(r"//[^/\s@]*@")
_SECRET = re.compile(r"KEY|PASS|SECRET|TOKEN", re.IGNORECASE)
# Shorter values stand in any text by chance.
_SHORTEST = 6
# Of several libraries, none of which is imported for its errors' classes.
_UNREACHABLE = {"ConnectionError", "ConnectTimeout", "ReadTimeout", "ConnectionRefusedError"}


def told(error: Exception) -> str:
    """Say what a tracker stumbled over, in one line of at most 300 letters.

    For a user in an address, and for the value of a variable of the environment that is called
    like a secret, there is an asterisk.

    Examples
    --------
    >>> told(RuntimeError("no answer from https://me:mine@tracking.example/api"))
    'no answer from https://*@tracking.example/api'
    """
    if _UNREACHABLE & {type(one).__name__ for one in _chain(error)}:
        return "it cannot be reached"
    text = " ".join(cause(error).split())
    for name, value in os.environ.items():
        if _SECRET.search(name) and len(value) >= _SHORTEST:
            text = text.replace(value, "*")
    return visible(_USER.sub("//*@", text), _LETTERS) or type(error).__name__


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Go through what an error came of."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
