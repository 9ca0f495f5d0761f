"""Comparative gradient elimination (CGE): the longest updates are left out.

Gupta, Liu, Vaidya: Byzantine fault-tolerant distributed machine learning with norm-based
comparative gradient elimination, DSN workshops 2021.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def cge(lengths: NDArray[np.float64], n_byzantine: int) -> NDArray[np.bool_]:
    """Keep the n - f shortest.

    Parameters
    ----------
    lengths : (n,) float64
        |x_i| >= 0, n >= 1.
    n_byzantine : int
        f >= 0; at most n - 1 counts.

    Returns
    -------
    (n,) bool
        Exactly max(1, n - f) True; of equal lengths the earlier ones.

    Examples
    --------
    >>> cge(np.array([1.0, 9.0, 2.0]), 1)
    array([ True, False,  True])
    """
    kept = np.zeros(lengths.size, dtype=bool)
    kept[np.argsort(lengths, kind="stable")[: max(1, lengths.size - n_byzantine)]] = True
    return kept
