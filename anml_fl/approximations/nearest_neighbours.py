"""Krum scores over approximate nearest neighbours: an inverted file, as faiss has it.

Here rather than in the method, which needs no more than numpy and torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from anml_fl.approximations.random_projection import projected
from anml_fl.method.checks import count
from anml_fl.method.krum import neighbours

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from anml_fl.method.gradient_set import SampleGradients

# Dimensions in which cells are formed; distances are those of the whole gradients.
_DIMENSIONS = 64
# Samples a cell that centres are learnt from, at most: as many as faiss asks for at least.
_PER_CELL = 39


def neighbour_scores(
    fits: Sequence[SampleGradients],
    *,
    n_neighbours: int,
    budget: int,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Sum squared distances to the k nearest that are found in the cells nearby.

    Gradients are projected at random to 64 dimensions, in which faiss's k-means forms
    round(sqrt(n)) cells; each sample is compared with those of the cells nearest to its own,
    by exact distances of whole gradients. A sum over neighbours that are nearly the nearest,
    it never is below the exact score. For k of most samples every cell would be needed.

    Parameters
    ----------
    fits : sequence of SampleGradients
        Only the last counts.
    n_neighbours : int
        k, clipped to [1, n - 1].
    budget : int
        Cells that are searched, >= 1, its own among them; more where those hold fewer than
        k others. With all cells the scores are exact.
    rng : numpy.random.Generator
        Draws the projection and the first centres.

    Returns
    -------
    (n,) float64
        In the unit of the exact scores.

    Raises
    ------
    ValueError
        If there is no fit, or a count is out of range.
    ModuleNotFoundError
        If faiss is not installed.

    Examples
    --------
    >>> from torch import nn
    >>> from anml_fl.method.gradients import sample_gradients
    >>> model, rng = nn.Linear(2, 3), np.random.default_rng(0)
    >>> fits = [sample_gradients(model, rng.normal(size=(300, 2)), rng.integers(3, size=300))]
    >>> few = neighbour_scores(fits, n_neighbours=5, budget=2, rng=np.random.default_rng(0))
    >>> all_ = neighbour_scores(fits, n_neighbours=5, budget=17, rng=np.random.default_rng(0))
    >>> bool((few >= all_ * 0.999).all())
    True
    """
    if not fits:
        raise ValueError("fits must hold at least one set of gradients, got none")
    if count("budget", budget) < 1:
        raise ValueError(f"budget must be >= 1, got {budget}")
    last = fits[-1]
    n = len(last)
    k = neighbours(n, n_neighbours=n_neighbours)
    scores = np.zeros(n)
    if n == 1:
        return scores
    cell, order = _cells(last, round(n**0.5), rng)
    members = [np.flatnonzero(cell == one) for one in range(len(order))]
    sizes = np.array([one.size for one in members])
    for one, rows in enumerate(members):
        if rows.size == 0:
            continue
        held = np.cumsum(sizes[order[one]])
        enough = int(np.searchsorted(held, k + 1)) + 1
        nearby = np.concatenate([members[at] for at in order[one][: max(budget, enough)]])
        distances = last.squared_distances(rows, nearby).cpu().numpy()
        distances[rows[:, None] == nearby[None, :]] = np.inf
        distances.partition(k - 1, axis=1)
        scores[rows] = distances[:, :k].sum(axis=1)
    return scores


def _cells(
    gradients: SampleGradients, cells: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Each sample's cell, and for each cell all cells from the nearest to the farthest."""
    try:
        import faiss  # noqa: PLC0415 - an optional extra
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "approximate nearest neighbours need the package faiss-cpu:"
            " pip install 'anml-fl[studies]'"
        ) from error
    points = projected(gradients, _DIMENSIONS, rng).explicit.float().cpu().numpy()
    # So that sums do not depend on how many threads there are.
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        clustering = faiss.Kmeans(
            points.shape[1],
            cells,
            niter=10,
            seed=int(rng.integers(2**31)),
            min_points_per_centroid=1,
            max_points_per_centroid=_PER_CELL,
        )
        clustering.train(points)
        cell = clustering.index.search(points, 1)[1][:, 0]
        order = clustering.index.search(np.asarray(clustering.centroids), cells)[1]
    finally:
        faiss.omp_set_num_threads(threads)
    return cell, order
