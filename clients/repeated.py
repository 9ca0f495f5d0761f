"""Counting what is said again and again: what fails in every round would fill a log."""

from __future__ import annotations

from collections import OrderedDict

# So many are remembered; of others the oldest is forgotten, and is new when it comes again.
_MOST = 10_000


class Repeated:
    """How often each of many things was said in this process.

    Parameters
    ----------
    most : int
        How many are remembered, >= 1.

    Examples
    --------
    >>> said = Repeated()
    >>> [said.again("a"), said.again("b"), said.again("a")]
    [1, 1, 2]
    """

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._counts: OrderedDict[str, int] = OrderedDict()

    def again(self, what: str) -> int:
        """Count it once more; say how often it was counted."""
        number = self._counts.pop(what, 0) + 1
        self._counts[what] = number
        if len(self._counts) > self._most:
            self._counts.popitem(last=False)
        return number


def told_at(number: int) -> bool:
    """Whether so many times are worth a line: 1, 10, 100 and so on.

    Examples
    --------
    >>> [number for number in range(1, 1001) if told_at(number)]
    [1, 10, 100, 1000]
    """
    return str(number).rstrip("0") == "1"
