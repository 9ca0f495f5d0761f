"""Numbers that JSON has: what a file gives, as far as a browser can read it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any


def number(value: object) -> float | None:
    """Give a number that JSON has; None for all else.

    Examples
    --------
    >>> number(0.25), number(float("nan")), number("0.25"), number(None)
    (0.25, None, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return value if math.isfinite(value) else None


def numbers(values: list[Any]) -> list[float | None]:
    """Give each as `number` does; of thousands that are what they should be, at once.

    Examples
    --------
    >>> numbers([0.25, None]), numbers([0.25, float("inf"), True])
    ([0.25, None], [0.25, None, None])
    """
    known = [one for one in values if one is not None]
    if {*map(type, known)} <= {float} and all(map(math.isfinite, known)):
        return values
    return [number(one) for one in values]
