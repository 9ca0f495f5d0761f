"""Adaptive robust clipping (ARC): the longest updates are cut to the longest of the others.

Allouah, Guerraoui, Gupta, Jellouli, Rizk, Stephan: Adaptive gradient clipping for robust
federated learning, ICLR 2025.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.robust.norm_clipping import clipped_to

if TYPE_CHECKING:
    from numpy.typing import NDArray


def arc(lengths: NDArray[np.float64], n_byzantine: int) -> NDArray[np.float64]:
    """Clip the k = floor(2 (f / n) (n - f)) longest to the length of the next one.

    Parameters
    ----------
    lengths : (n,) float64
        |x_i| >= 0, n >= 1.
    n_byzantine : int
        f >= 0; at most n counts.

    Returns
    -------
    (n,) float64
        Factors in [0, 1]; all ones at f = 0.

    References
    ----------
    Allouah et al. 2025, algorithm 2.

    Examples
    --------
    >>> arc(np.array([1.0, 2.0, 4.0, 2.0]), 1)
    array([1. , 1. , 0.5, 1. ])
    """
    n = lengths.size
    f = min(n_byzantine, n)
    # In whole numbers: rounding must not move an edge by one. At most n / 2.
    cut = 2 * f * (n - f) // n
    return clipped_to(lengths, float(np.sort(lengths)[n - cut - 1]))
