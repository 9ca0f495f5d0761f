"""Divide and conquer: leave out who stands out along the updates' first direction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

ITERATIONS = 5
"""niters: how often coordinates are drawn."""

DRAWN = 10_000
"""b: how many coordinates are looked at each time."""


def dnc(updates: NDArray[Any], f: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Keep who is among the n - c f lowest scores in each of `ITERATIONS` draws, c = 1.

    s_i = <x_i - mean, v>**2 over b drawn coordinates, v the first right singular vector of the
    centred updates: Shejwalkar, Houmansadr, NDSS 2021, Algorithm 2. Of up to b coordinates all
    are looked at, once: draws of a part of few differ, and who is kept in each is half of all.

    Parameters
    ----------
    updates : (n, d) array
    f : int
        Attackers to bear, >= 0. Of n <= f one is left.
    rng : numpy.random.Generator
        For the coordinates.

    Returns
    -------
    (n,) bool
        Where no one is kept in every draw, who is kept in most of them; never empty.

    Examples
    --------
    >>> updates = np.random.default_rng(0).normal(size=(10, 500))
    >>> updates[:2] += 3.0
    >>> dnc(updates, 2, np.random.default_rng(1)).nonzero()[0]
    array([2, 3, 4, 5, 6, 7, 8, 9])
    """
    n, d = updates.shape
    left = min(f, n - 1)
    if left < 1:
        return np.ones(n, dtype=bool)
    votes = np.zeros(n, dtype=np.int64)
    for _ in range(ITERATIONS if d > DRAWN else 1):
        drawn = np.sort(rng.choice(d, min(d, DRAWN), replace=False, shuffle=False))
        order = np.argsort(scores(updates[:, drawn]), kind="stable")
        votes[order[: n - left]] += 1
    kept: NDArray[np.bool_] = votes == votes.max()
    return kept


def scores(updates: NDArray[Any]) -> NDArray[np.float64]:
    """Give s_i (n,) of updates (n, b), up to one factor for all, by their Gram matrix.

    Examples
    --------
    >>> scores(np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 0.1], [0.0, -0.1]])).round(6)
    array([0.5, 0.5, 0. , 0. ])
    """
    wide = updates.astype(np.float64)
    most = float(np.abs(wide).max(initial=0.0))
    if most:
        wide /= most
    wide -= wide.mean(axis=0)
    spectrum, vectors = np.linalg.eigh(wide @ wide.T)
    # Without a spread nobody stands out: of zeros every vector is an eigenvector.
    found: NDArray[np.float64] = vectors[:, -1] ** 2 * (spectrum[-1] > 0)
    return found
