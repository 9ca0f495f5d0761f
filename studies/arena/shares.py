"""How the report writes shares."""

from __future__ import annotations

from studies.reproduction.numbers import plain


def percent(value: float) -> str:
    """Write a share in per cent.

    Examples
    --------
    >>> percent(0.1234)
    '12.3'
    """
    return plain(100 * value, 1)
