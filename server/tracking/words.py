"""What went wrong with a tracker, in words that hold no secret."""

from __future__ import annotations

import os
import re

from anml_fl.system.files import cause
from anml_fl.system.untrusted_text import visible

_LETTERS = 300
_USER = re.compile(r"//[^/\s@]*@")
_SECRET = re.compile(r"KEY|PASS|SECRET|TOKEN", re.IGNORECASE)
# Shorter values stand in any text by chance.
_SHORTEST = 6


def told(error: Exception) -> str:
    """Say what a tracker stumbled over.

    Whoever reads an address, or a variable of the environment that is called like a secret,
    gets an asterisk for it; of an answer that is a page, its first line is enough.

    Examples
    --------
    >>> told(RuntimeError("no answer from https://me:mine@tracking.example/api"))
    'no answer from https://*@tracking.example/api'
    """
    text = " ".join(cause(error).split())
    for name, value in os.environ.items():
        if _SECRET.search(name) and len(value) >= _SHORTEST:
            text = text.replace(value, "*")
    return visible(_USER.sub("//*@", text), _LETTERS) or type(error).__name__
