"""What people read for a branch of the gate, where a record has the name of Krum's score."""

from __future__ import annotations

_SHOWN = {"krum": "q only"}


def branch_name(branch: str) -> str:
    """Name a branch: in `krum` q alone decides, and Krum's rule has no part in it.

    Examples
    --------
    >>> branch_name("krum"), branch_name("blend")
    ('q only', 'blend')
    """
    return _SHOWN.get(branch, branch)
