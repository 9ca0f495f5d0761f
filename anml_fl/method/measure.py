"""The one number by which a rule told a round's contributors apart, as records keep it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

LONGEST = 80
"""Letters of what was measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What a rule measured of each contributor.

    Parameters
    ----------
    name : str
        Such as "length of its update", to be read after a contributor's name.
    more : bool
        Whether more of it speaks for a contributor; less of it otherwise.

    Raises
    ------
    ValueError
        If the name is no printable text of 1 to 80 letters, or `more` no bool.

    Examples
    --------
    >>> Measure(name="length of its update", more=False).more
    False
    """

    name: str
    more: bool

    def __post_init__(self) -> None:
        name: Any = self.name
        more: Any = self.more
        if not (isinstance(name, str) and 0 < len(name) <= LONGEST and name.isprintable()):
            got = ascii(name[:60]) if isinstance(name, str) else type(name).__name__
            raise ValueError(
                f"name must be printable text of 1 to {LONGEST} letters, got {got}"
            )
        if not isinstance(more, bool):
            raise ValueError(f"more must be true or false, got {type(more).__name__}")
