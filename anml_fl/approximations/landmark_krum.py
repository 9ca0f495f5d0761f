"""Krum scores of a round's vectors from their distances to some of them, drawn at random.

All pairs of n vectors cost n^2 d; K landmarks cost n K d and n K numbers. A landmark has the
distances to everybody, and so its exact score as well: what the estimate loses is measured in
the round itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.method.blockwise_distances import squared_distances
from anml_fl.method.checks import count
from anml_fl.method.distances import _CANCELLED, _LARGEST, _UNDERFLOW
from anml_fl.method.krum import neighbours
from anml_fl.method.row_blocks import parts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anml_fl.method.row_blocks import Blocks

# Rows that are compared with the landmarks at once.
_ROWS = 512


@dataclass(frozen=True, slots=True)
class Estimate:
    """Krum scores from landmarks.

    Parameters
    ----------
    scores : (n,) float64
        k times the mean squared distance to the nearest landmarks: in the exact scores' unit.
    landmarks : (K,) int array
        Which rows they are, ascending.
    exact : (K,) float64
        Their exact scores.
    """

    scores: NDArray[np.float64]
    landmarks: NDArray[np.intp]
    exact: NDArray[np.float64]

    @property
    def agreement(self) -> float:
        """Spearman's correlation of the landmarks' exact scores with the estimated ones."""
        estimated = self.scores[self.landmarks]
        return float(np.corrcoef(_ranks(self.exact), _ranks(estimated))[0, 1])


def landmark_krum_scores(
    vectors: Blocks,
    *,
    landmarks: int,
    rng: np.random.Generator,
    n_byzantine: int | None = None,
) -> Estimate:
    """Estimate Krum scores s_i (Eq. 2) from the distances to randomly drawn rows.

    Of K landmarks the nearest round(k K / (n - 1)) count, at least one; a landmark has only
    the other K - 1.

    Parameters
    ----------
    vectors : Blocks
        n rows.
    landmarks : int
        K, >= 2 and < n.
    rng : numpy.random.Generator
        Draws them.
    n_byzantine : int, optional
        f, as for `anml_fl.method.krum.krum_scores`.

    Raises
    ------
    ValueError
        If a count is out of range.

    References
    ----------
    ANML, section 7.1, which leaves approximations of q to future work.

    Examples
    --------
    >>> from anml_fl.method.row_blocks import Stacked
    >>> rng = np.random.default_rng(0)
    >>> rows = rng.normal(size=(400, 50)) * rng.uniform(1, 2, (400, 1))
    >>> found = landmark_krum_scores(Stacked(rows), landmarks=100, rng=rng)
    >>> found.agreement > 0.97
    True
    """
    n = vectors.shape[0]
    if not 2 <= count("landmarks", landmarks) < n:
        raise ValueError(f"landmarks must lie in [2, {n - 1}], got {landmarks}")
    k = neighbours(n, n_byzantine=n_byzantine)
    chosen = np.sort(rng.choice(n, landmarks, replace=False))
    distances = _to_landmarks(vectors, chosen)
    itself = chosen, np.arange(landmarks)
    distances[itself] = np.inf
    exact = np.partition(distances, k - 1, axis=0)[:k].sum(axis=0)
    scores = _nearest(distances, k, landmarks, n)
    scores[chosen] = _nearest(distances[chosen], k, landmarks - 1, n)
    return Estimate(scores, chosen, exact)


def _ranks(values: NDArray[np.float64]) -> NDArray[np.intp]:
    return np.argsort(np.argsort(values, kind="stable"))


def _nearest(
    distances: NDArray[np.float64], k: int, others: int, n: int
) -> NDArray[np.float64]:
    few = max(1, round(k * others / (n - 1)))
    nearest = np.partition(distances, few - 1, axis=1)[:, :few]
    scores: NDArray[np.float64] = nearest.sum(axis=1) * (k / few)
    return scores


def _to_landmarks(vectors: Blocks, chosen: NDArray[np.intp]) -> NDArray[np.float64]:
    """Squared distances (n, K), measured around the most central landmark."""
    n = vectors.shape[0]
    among = squared_distances(_Some(vectors, chosen))
    centre = int(chosen[np.argmin(np.median(among, axis=1))])
    distances = np.empty((n, chosen.size))
    for start in range(0, n, _ROWS):
        rows = np.arange(start, min(start + _ROWS, n))
        distances[rows] = _stripe(vectors, rows, chosen, centre)
    distances[chosen] = among
    # So large that they have no square: far, but the sums stay finite.
    most = np.finfo(np.float64).max / (2 * n)
    np.clip(distances, 0.0, most, out=distances)
    return distances


def _stripe(
    vectors: Blocks, rows: NDArray[np.intp], chosen: NDArray[np.intp], centre: int
) -> NDArray[np.float64]:
    """Distances of some rows to the landmarks; those that cancelled are measured again."""
    products = np.zeros((rows.size, chosen.size))
    own, theirs = np.zeros(rows.size), np.zeros(chosen.size)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        for part in parts(rows.size + chosen.size, vectors.shape[1]):
            origin = vectors.columns(part, np.array([centre]))
            left = (vectors.columns(part, rows) - origin).astype(np.float32, copy=False)
            right = (vectors.columns(part, chosen) - origin).astype(np.float32, copy=False)
            products += left @ right.T
            own += np.einsum("ij,ij->i", left, left)
            theirs += np.einsum("ij,ij->i", right, right)
        both = own[:, None] + theirs
        distances: NDArray[np.float64] = both - 2 * products
        sound = (distances >= _CANCELLED * both) & (both > _UNDERFLOW) & (both < _LARGEST)
    if not sound.all():
        distances[~sound] = _directly(vectors, rows, chosen, ~sound)[~sound]
    return distances


def _directly(
    vectors: Blocks,
    rows: NDArray[np.intp],
    chosen: NDArray[np.intp],
    wanted: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Distances of the wanted pairs from float64 differences."""
    found = np.zeros(wanted.shape)
    asked = np.flatnonzero(wanted.any(axis=0))
    members = [np.flatnonzero(wanted[:, place]) for place in asked]
    for part in parts(rows.size + chosen.size, vectors.shape[1]):
        left = vectors.columns(part, rows).astype(np.float64)
        right = vectors.columns(part, chosen[asked]).astype(np.float64)
        for place, own, landmark in zip(asked, members, right, strict=True):
            with np.errstate(over="ignore"):
                difference = left[own] - landmark
                found[own, place] += np.einsum("ij,ij->i", difference, difference)
    return found


@dataclass(frozen=True, slots=True)
class _Some:
    """Some rows of others."""

    vectors: Blocks
    chosen: NDArray[np.intp]

    @property
    def shape(self) -> tuple[int, int]:
        return self.chosen.size, self.vectors.shape[1]

    def columns(
        self,
        part: slice,
        rows: NDArray[np.intp] | None = None,
        out: NDArray[Any] | None = None,
    ) -> NDArray[Any]:
        own = self.chosen if rows is None else self.chosen[rows]
        return self.vectors.columns(part, own, out)
