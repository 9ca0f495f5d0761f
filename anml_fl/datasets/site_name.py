"""What the name of who gathered rows must be."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_LONGEST = 64
SITE_NAME = f"the name of who gathered the row, 1 to {_LONGEST} printable characters"
"""What a cell that names a site must hold, for messages."""


def is_site(text: str) -> bool:
    """Whether a text can be the name of who gathered rows."""
    return text.isprintable() and 0 < len(text) <= _LONGEST


def alike(names: Iterable[str]) -> tuple[str, str] | None:
    """Find two names that differ in case or blanks alone: one site, written in two ways.

    Examples
    --------
    >>> alike(["va", "Long Beach", "longbeach"]), alike(["va", "ucla"])
    (('Long Beach', 'longbeach'), None)
    """
    first: dict[str, str] = {}
    for name in names:
        folded = "".join(unicodedata.normalize("NFKC", name).casefold().split())
        if (other := first.setdefault(folded, name)) != name:
            return other, name
    return None
