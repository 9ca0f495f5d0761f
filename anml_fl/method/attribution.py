"""Attribution: a round's pool shared out by weight, to the last unit.

ANML, section 6.5: weights "can serve as inputs to economic settlement".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.checks import count, vector

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

LARGEST_POOL = 2**53 - 1
"""The largest whole number that every reader of JSON holds exactly."""


def payouts(weights: ArrayLike, pool: int) -> NDArray[np.int64]:
    """Share a pool by weight, in whole units: the largest-remainder method (Hamilton's).

    Every contributor gets its quota, pool * w_i / sum(w), rounded down; the units left go
    to the largest remainders, one each, ties to the lower index. Computed in integers:
    floats are exact binary fractions, so that nothing is rounded on the way.

    Parameters
    ----------
    weights : (n,) array
        w, finite and >= 0, in any scale; nan counts as 0 (a rule without weights).
    pool : int
        Whole micro-units to share, in [0, 2**53 - 1].

    Returns
    -------
    (n,) int64
        Sums to `pool`, each less than one unit from its quota, 0 where the weight is 0;
        all 0 if no weight is positive: then there is nobody to pay.

    Raises
    ------
    ValueError
        If a weight is negative or infinite, or the pool is not whole or out of range.

    Examples
    --------
    >>> payouts([0.5, 0.25, 0.25, 0.0], 10)
    array([5, 3, 2, 0])
    """
    pool = checked_pool(pool)
    w = vector("weights", weights)
    if len(bad := np.flatnonzero(np.isinf(w) | (w < 0))):
        raise ValueError(
            f"weights must be finite and >= 0, got weights[{bad[0]}] = {w[bad[0]]}"
        )
    exact = _whole(np.nan_to_num(w, nan=0.0))
    total = sum(exact)
    if total == 0:
        return np.zeros(w.size, dtype=np.int64)
    shares, remainders = zip(*(divmod(pool * one, total) for one in exact), strict=True)
    paid = np.array(shares, dtype=np.int64)
    order = sorted(range(w.size), key=lambda i: (-remainders[i], i))
    paid[order[: pool - sum(shares)]] += 1
    return paid


def checked_pool(pool: object) -> int:
    """Return a pool after checking it.

    Returns
    -------
    int
        In [0, 2**53 - 1].

    Raises
    ------
    ValueError
        If it is no whole number in this range.

    Examples
    --------
    >>> checked_pool(2**53)
    Traceback (most recent call last):
    ValueError: pool must lie in [0, 2**53 - 1], got 9007199254740992
    """
    if count("pool", pool) > LARGEST_POOL:
        raise ValueError(f"pool must lie in [0, 2**53 - 1], got {pool!r}")
    return count("pool", pool)


def _whole(weights: NDArray[np.float64]) -> list[int]:
    """Scale floats by one power of two to whole numbers: the same proportions, exactly."""
    ratios = [one.as_integer_ratio() for one in weights.tolist()]
    scale = max((denominator for _, denominator in ratios), default=1)
    return [numerator * (scale // denominator) for numerator, denominator in ratios]
