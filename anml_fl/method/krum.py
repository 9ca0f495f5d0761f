"""Krum scores s_i of vectors and the consistency q_i that they give (Eq. 2, 3).

Blanchard, El Mhamdi, Guerraoui, Stainer: Machine learning with adversaries:
Byzantine tolerant gradient descent, NeurIPS 2017.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.checks import count, vector
from anml_fl.method.distances import squared_distances

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from anml_fl.method.distances import Vectors

FEWEST = 4
"""Krum compares a vector with its neighbours' neighbourhood: fewer vectors have none."""


def krum_scores(
    vectors: Vectors,
    *,
    n_byzantine: int | None = None,
    n_neighbours: int | None = None,
) -> NDArray[np.float64]:
    """Sum each vector's squared distances to its nearest others: s_i, Eq. 2.

    Parameters
    ----------
    vectors : (n, d) array or tensor
        Client updates (global model subtracted) or per-sample gradients; any unit.
    n_byzantine : int, optional
        f, the number of attackers allowed for. Default: floor((n - 3) / 2), at most
        round(0.3 n).
    n_neighbours : int, optional
        k, the neighbours that count, instead of n - f - 2. Clipped to [1, n - 1].

    Returns
    -------
    (n,) float64
        Scores >= 0 in squared units; the lower, the nearer to the others.

    Raises
    ------
    ValueError
        If `vectors` is not a non-empty finite matrix, or a count is negative.

    References
    ----------
    Blanchard et al. 2017, section 4; ANML, Eq. 2.

    Examples
    --------
    >>> krum_scores([[0.0], [1.0], [2.0], [9.0]], n_neighbours=2)
    array([  5.,   2.,   5., 113.])
    """
    distances = squared_distances(vectors)
    n = distances.shape[0]
    k = neighbours(n, n_byzantine=n_byzantine, n_neighbours=n_neighbours)
    if n == 1:
        return np.zeros(1)
    np.fill_diagonal(distances, np.inf)
    distances.partition(k - 1, axis=1)
    scores: NDArray[np.float64] = distances[:, :k].sum(axis=1)
    return scores


def neighbours(
    n: int, *, n_byzantine: int | None = None, n_neighbours: int | None = None
) -> int:
    """Count the neighbours that enter a Krum score: k = n - f - 2, in [1, n - 1].

    Parameters
    ----------
    n : int
        Vectors in the round.
    n_byzantine, n_neighbours : int, optional
        As in `krum_scores`.

    Returns
    -------
    int
        k.

    Raises
    ------
    ValueError
        If a count is negative.

    Examples
    --------
    >>> neighbours(10)
    5
    >>> neighbours(10, n_byzantine=4)
    4
    """
    if n_byzantine is not None:
        n_byzantine = count("n_byzantine", n_byzantine)
    if n_neighbours is None:
        f = default_byzantine(n) if n_byzantine is None else n_byzantine
        n_neighbours = n - f - 2
    else:
        n_neighbours = count("n_neighbours", n_neighbours)
    return max(1, min(n_neighbours, n - 1))


def default_byzantine(n: int) -> int:
    """Number of attackers allowed for when none is given: f.

    Parameters
    ----------
    n : int
        Vectors in the round.

    Returns
    -------
    int
        floor((n - 3) / 2), the most that Krum bears, at most round(0.3 n).

    Examples
    --------
    >>> [default_byzantine(n) for n in (2, 5, 10, 100)]
    [0, 1, 3, 30]
    """
    return max(0, min((n - 3) // 2, round(0.3 * n)))


def consistency(scores: ArrayLike) -> NDArray[np.float64]:
    """Turn Krum scores into gradient consistency: q_i, Eq. 3.

    Parameters
    ----------
    scores : (n,) array
        Krum scores s_i, finite.

    Returns
    -------
    (n,) float64
        q in [0, 1]; 1 for the lowest score, 0 for the highest, all ones when every
        score is the same.

    Raises
    ------
    ValueError
        If a score is not finite.

    Examples
    --------
    >>> consistency([2.0, 4.0, 3.0])
    array([1. , 0. , 0.5])
    """
    s = vector("scores", scores)
    bad = np.flatnonzero(~np.isfinite(s))
    if bad.size:
        raise ValueError(f"scores must be finite, got scores[{bad[0]}] = {s[bad[0]]}")
    if s.size == 0 or s.max() == s.min():
        return np.ones_like(s)
    # To unit size first: differences of huge scores overflow, those of tiny ones vanish.
    unit = np.abs(s).max()
    low, high = (s.min() / unit), (s.max() / unit)
    with np.errstate(under="ignore"):
        quality: NDArray[np.float64] = 1.0 - (s / unit - low) / (high - low)
    return quality
