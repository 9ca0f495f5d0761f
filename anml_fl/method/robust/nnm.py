"""Nearest-neighbour mixing (NNM): each update becomes the mean of those nearest to it.

Allouah, Farhadkhani, Guerraoui, Gupta, Pinot, Stephan: Fixing by mixing: a recipe for optimal
Byzantine ML under heterogeneity, AISTATS 2023.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.distances import squared_distances

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anml_fl.method.distances import Vectors


def nnm(vectors: Vectors, n_byzantine: int) -> NDArray[np.float64]:
    """Mix each update with the n - f nearest, itself among them: y = A x.

    Parameters
    ----------
    vectors : (n, d) array or tensor
        x_i, finite, n >= 1.
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
    >>> nnm(np.array([[0.0], [1.0], [5.0]]), 1)
    array([[0.5, 0.5, 0. ],
           [0.5, 0.5, 0. ],
           [0. , 0.5, 0.5]])
    """
    distances = squared_distances(vectors)
    n = len(distances)
    np.fill_diagonal(distances, -1.0)  # itself comes before its copies
    nearest = np.argsort(distances, axis=1, kind="stable")[:, : max(1, n - n_byzantine)]
    mixing = np.zeros((n, n))
    np.put_along_axis(mixing, nearest, 1.0 / nearest.shape[1], axis=1)
    return mixing
