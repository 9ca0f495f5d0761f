"""How numbers are written in a sentence."""

from __future__ import annotations

import math

_MOST_DIGITS = 6


def percent(share: float | None) -> str:
    r"""Write a share in [0, 1] as a percentage; a dash where there is none.

    Parameters
    ----------
    share : float, optional
        In [0, 1]; None or nan where there is none.

    Returns
    -------
    str
        With one decimal, and a space that does not break.

    Examples
    --------
    >>> percent(0.0617), percent(None)
    ('6.2\xa0%', '—')
    """
    if share is None or not math.isfinite(share):
        return "—"
    return f"{100 * share:.1f}\N{NO-BREAK SPACE}%"


def apart(value: float, other: float, digits: int = 2) -> tuple[str, str]:
    """Write two numbers with as many decimals as tell them apart, six at most.

    "0.35 > 0.35" would look like a mistake.

    Examples
    --------
    >>> apart(0.35, 0.3), apart(0.3502, 0.35), apart(1.0, 1.0)
    (('0.35', '0.30'), ('0.3502', '0.3500'), ('1.00', '1.00'))
    """
    while (
        digits < _MOST_DIGITS
        and value != other
        and f"{value:.{digits}f}" == f"{other:.{digits}f}"
    ):
        digits += 1
    return f"{value:.{digits}f}", f"{other:.{digits}f}"


def compact(value: float) -> str:
    """Write a number of any size in three digits, a count and its like in all of them.

    Examples
    --------
    >>> compact(1234.0), compact(1234.4), compact(0.0312345)
    ('1,234', '1,234', '0.0312')
    """
    whole = (value.is_integer() or abs(value) >= 100) and abs(value) < 1e15
    return f"{value:,.0f}" if whole else f"{value:.3g}"
