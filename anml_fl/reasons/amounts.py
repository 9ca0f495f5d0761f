"""How numbers are written in a sentence."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# So many digits more than few are the most that are written to tell numbers apart.
_MORE = 4
# Decimals of a percentage.
_MOST_DIGITS = 6


def percent(share: float | None, digits: int = 1) -> str:
    r"""Write a share in [0, 1] as a percentage; a dash where there is none.

    Parameters
    ----------
    share : float, optional
        In [0, 1]; None or nan where there is none.
    digits : int
        Decimals; `decimals` says how many tell contributors apart.

    Returns
    -------
    str
        With a space that does not break.

    Examples
    --------
    >>> percent(0.0617), percent(None), percent(0.000617, 3)
    ('6.2\xa0%', '—', '0.062\xa0%')
    """
    if share is None or not math.isfinite(share):
        return "—"
    return f"{100 * share:.{digits}f}\N{NO-BREAK SPACE}%"


def decimals(equal: float | None) -> int:
    """Say with how many decimals percentages tell contributors apart: of a hundred with one.

    Parameters
    ----------
    equal : float, optional
        An equal share, in (0, 1].

    Examples
    --------
    >>> [decimals(1 / n) for n in (1, 100, 101, 1000, 20_000)], decimals(None)
    ([1, 1, 2, 2, 4], 1)
    """
    if equal is None or not 0 < equal <= 1:
        return 1
    return min(_MOST_DIGITS, max(1, 1 - math.floor(math.log10(100 * equal) + 1e-9)))


def apart(value: float, other: float, digits: int = 2) -> tuple[str, str]:
    """Write two numbers with as many decimals as tell them apart, four more at most.

    "0.35 > 0.35" would look like a mistake.

    Examples
    --------
    >>> apart(0.35, 0.3), apart(0.3502, 0.35), apart(1.0, 1.0)
    (('0.35', '0.30'), ('0.3502', '0.3500'), ('1.00', '1.00'))
    """
    value_said, other_said = all_apart(fixed, (value, other), digits)
    return value_said, other_said


def all_apart(
    write: Callable[[float, int], str], values: tuple[float, ...], digits: int
) -> tuple[str, ...]:
    """Write numbers with as many digits as tell the first from those that differ from it.

    Parameters
    ----------
    write : callable
        From a number and how many digits to a text.
    values : tuple of float
        At least one.
    digits : int
        The fewest; four more are the most.

    Examples
    --------
    >>> all_apart(compact, (1234.5, 1234.25, 90.0), 3)
    ('1,234.5', '1,234.2', '90')
    """
    for more in range(_MORE):
        said = tuple(write(value, digits + more) for value in values)
        if all(
            text != said[0] or value == values[0]
            for text, value in zip(said, values, strict=True)
        ):
            return said
    return tuple(write(value, digits + _MORE) for value in values)


def fixed(value: float, digits: int = 2) -> str:
    """Write a number with so many decimals.

    Examples
    --------
    >>> fixed(0.125), fixed(0.5, 3)
    ('0.12', '0.500')
    """
    return f"{value:.{digits}f}"


def compact(value: float, digits: int = 3) -> str:
    """Write a number of any size in so many digits, a count in all of them.

    Examples
    --------
    >>> compact(1234.0), compact(0.0312345), compact(1234.5), compact(1234.56, 4)
    ('1,234', '0.0312', '1,234', '1,234.6')
    """
    ordinary = abs(value) < 1e15
    if ordinary and value.is_integer():
        return f"{value + 0.0:,.0f}"  # -0.0 is 0
    if ordinary and abs(value) >= 999.5:
        return f"{value:,.{digits - 3}f}"
    return f"{value:.{digits}g}"
