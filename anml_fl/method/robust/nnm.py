"""Nearest-neighbour mixing (NNM): each update becomes the mean of those nearest to it.

Allouah, Farhadkhani, Guerraoui, Gupta, Pinot, Stephan: Fixing by mixing: a recipe for optimal
Byzantine ML under heterogeneity, AISTATS 2023.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def nnm(distances: NDArray[np.float64], n_byzantine: int) -> NDArray[np.float64]:
    """Mix each update with the n - f nearest, itself among them: y = A x.

    Parameters
    ----------
    distances : (n, n) float64
        Of every pair, n >= 1: their squares do as well.
    n_byzantine : int
        f >= 0; at most n - 1 counts.

    Returns
    -------
    (n, n) float64
        A: in row i 1 / (n - f) at the neighbours of x_i, 0 elsewhere. Of updates that are
        equally far the earlier ones count.

    References
    ----------
    Allouah et al. 2023, algorithm 2.

    Examples
    --------
    >>> from anml_fl.method.distances import squared_distances
    >>> nnm(squared_distances([[0.0], [1.0], [5.0]]), 1)
    array([[0.5, 0.5, 0. ],
           [0.5, 0.5, 0. ],
           [0. , 0.5, 0.5]])
    """
    n = len(distances)
    # Itself comes before its copies.
    others = np.where(np.eye(n, dtype=bool), -1.0, distances)
    nearest = np.argsort(others, axis=1, kind="stable")[:, : max(1, n - n_byzantine)]
    mixing = np.zeros((n, n))
    np.put_along_axis(mixing, nearest, 1.0 / nearest.shape[1], axis=1)
    return mixing
