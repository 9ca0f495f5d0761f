"""Names of contributors as trackers take them."""

from __future__ import annotations

import re
from hashlib import sha256

_REFUSED = re.compile(r"[^A-Za-z0-9_.-]")
_LONGEST = 80


def plain_name(name: str) -> str:
    """Spell a name in letters that every tracker takes, so that no two become one.

    Parameters
    ----------
    name : str
        Any text.

    Returns
    -------
    str
        Of A-Z, a-z, 0-9, "_", "." and "-", at most 89 letters. A name that has others, or is
        longer than 80, gets "_" for each of them and the beginning of its own SHA-256.

    Examples
    --------
    >>> plain_name("site-a"), plain_name("Zürich/1")
    ('site-a', 'Z_rich_1-19c4a537')
    """
    spelled = _REFUSED.sub("_", name)[:_LONGEST]
    if spelled == name and name:
        return name
    # Half a character, as JSON can spell it, has no UTF-8.
    return f"{spelled}-{sha256(name.encode(errors='backslashreplace')).hexdigest()[:8]}"
