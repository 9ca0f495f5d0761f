"""Names of files by contributors' names, which are whoever's text."""

from __future__ import annotations

import re
from hashlib import sha256

_PLAIN = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_OTHER = re.compile(r"[^a-z0-9._-]+")
# In no plain name, so that nobody can choose a name that gives another's file.
_MARK = "~"


def file_name(contributor: str) -> str:
    r"""Name the files of a contributor's statement, without their ends.

    Parameters
    ----------
    contributor : str
        Any text.

    Returns
    -------
    str
        Small letters, digits, dots and dashes. A name of these is kept; of any other what is
        left of it, and a part of its SHA-256. So no two contributors have the same file, not
        even where small and capital letters are one.

    Examples
    --------
    >>> file_name("contributor-0001"), file_name("../../etc/passwd")
    ('statement-contributor-0001', 'statement-etc-passwd~3754d6cb3a38e118')
    """
    if _PLAIN.fullmatch(contributor):
        return f"statement-{contributor}"
    kept = _OTHER.sub("-", contributor[:200].lower()).strip(".-_")[:40]
    digest = sha256(contributor.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"statement-{kept}{_MARK}{digest}"
