"""Norm clipping: no update is longer than the middle one.

Sun, Kairouz, Suresh, McMahan: Can you really backdoor federated learning?, 2019, with the
round's median length in the place of a constant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def clipped_to(lengths: NDArray[np.float64], most: float) -> NDArray[np.float64]:
    """Find what brings each length down to the most that is allowed: min(1, c / |x_i|).

    Parameters
    ----------
    lengths : (n,) float64
        |x_i| >= 0.
    most : float
        c >= 0.

    Returns
    -------
    (n,) float64
        Factors in [0, 1]; exact but for rounding where c / |x_i| is 0 or at least 2.3e-308,
        as it always is of lengths of float32 vectors.

    Examples
    --------
    >>> clipped_to(np.array([0.0, 1.0, 4.0]), 2.0)
    array([1. , 1. , 0.5])
    """
    # Divided by at least c, no factor is beyond 1, and none overflows.
    longest = np.maximum(lengths, most)
    return np.divide(most, longest, out=np.ones_like(longest), where=longest > 0)


def norm_clipping(lengths: NDArray[np.float64]) -> NDArray[np.float64]:
    """Clip to the median length: min(1, median_j |x_j| / |x_i|).

    Parameters
    ----------
    lengths : (n,) float64
        |x_i| >= 0, n >= 1.

    Returns
    -------
    (n,) float64
        Factors in [0, 1].

    Examples
    --------
    >>> norm_clipping(np.array([1.0, 2.0, 8.0]))
    array([1.  , 1.  , 0.25])
    """
    return clipped_to(lengths, float(np.median(lengths)))
