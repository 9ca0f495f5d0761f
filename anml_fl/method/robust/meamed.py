"""The mean around the median (MeaMed), coordinate by coordinate.

Xie, Koyejo, Gupta: Generalized Byzantine-tolerant SGD, 2018.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def meamed(values: NDArray[np.float64], n_byzantine: int) -> NDArray[np.float64]:
    """Average, in each coordinate, the n - f values nearest to its median.

    Parameters
    ----------
    values : (n, d) float64
        Finite, n >= 1.
    n_byzantine : int
        f >= 0; at most n - 1 counts.

    Returns
    -------
    (d,) float64
        The mean at f = 0. Of values that are equally far the lower ones count.

    Examples
    --------
    >>> meamed(np.array([[0.0], [1.0], [2.0], [90.0]]), 1)
    array([1.])
    """
    n = len(values)
    kept = max(1, n - n_byzantine)
    ordered = np.sort(values, axis=0)
    # Halved first: sums of the largest floats overflow.
    middle = ordered[(n - 1) // 2] * 0.5 + ordered[n // 2] * 0.5
    # The nearest ones lie side by side: they are the stretch with the nearest ends.
    lowest, highest = ordered[: n - kept + 1], ordered[kept - 1 :]
    first = np.maximum(middle - lowest, highest - middle).argmin(axis=0)
    near = np.take_along_axis(ordered, first + np.arange(kept)[:, None], axis=0)
    found: NDArray[np.float64] = near.mean(axis=0)
    return found
