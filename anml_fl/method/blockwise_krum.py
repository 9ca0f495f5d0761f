"""Krum scores s_i of vectors that are there a block of columns at a time (Eq. 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.krum import neighbours

if TYPE_CHECKING:
    from numpy.typing import NDArray


def scores_of_distances(
    distances: NDArray[np.float64],
    *,
    n_byzantine: int | None = None,
    n_neighbours: int | None = None,
) -> NDArray[np.float64]:
    """Sum each row's distances to its nearest others: s_i, Eq. 2.

    Parameters
    ----------
    distances : (n, n) float64
        Squared distances, as `anml_fl.method.blockwise_distances.squared_distances` gives
        them; left as they are.
    n_byzantine, n_neighbours : int, optional
        f and k, as for `anml_fl.method.krum.krum_scores`.

    Returns
    -------
    (n,) float64
        What `krum_scores` makes of the vectors.

    Raises
    ------
    ValueError
        If a count is negative.

    Examples
    --------
    >>> x = np.array([0.0, 1.0, 2.0, 9.0])
    >>> scores_of_distances((x[:, None] - x) ** 2, n_neighbours=2)
    array([  5.,   2.,   5., 113.])
    """
    n = len(distances)
    k = neighbours(n, n_byzantine=n_byzantine, n_neighbours=n_neighbours)
    if n == 1:
        return np.zeros(1)
    others = distances.copy()
    np.fill_diagonal(others, np.inf)
    others.partition(k - 1, axis=1)
    scores: NDArray[np.float64] = others[:, :k].sum(axis=1)
    return scores
