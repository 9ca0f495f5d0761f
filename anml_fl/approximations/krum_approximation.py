"""Approximations of the Krum scores of per-sample gradients, with the exact ones for company.

ANML, section 7.1, which leaves their comparison to future work. All have one signature: the
gradients of a model at some points of its fit, the last of which the exact scores belong to,
the number of neighbours k, a budget (what it buys is each one's own affair), and a source of
randomness. All return what `krum_scores` does, or an estimate of it in the same unit, except
`checkpoint_scores`, whose unit is none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from anml_fl.approximations.random_projection import projected
from anml_fl.method.checks import count
from anml_fl.method.gradient_set import SampleGradients
from anml_fl.method.gradient_tiles import Tiles
from anml_fl.method.krum import consistency, neighbours
from anml_fl.method.sample_krum import sample_krum_scores
from anml_fl.method.threads import one_thread

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

# Partitions that an estimate from minibatches is the mean of.
_PARTITIONS = 4


def exact_scores(
    fits: Sequence[SampleGradients],
    *,
    n_neighbours: int,
    budget: int,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Sum each gradient's squared distances to its k nearest others: s_i, Eq. 2.

    Parameters
    ----------
    fits : sequence of SampleGradients
        Only the last counts.
    n_neighbours : int
        k, clipped to [1, n - 1].
    budget, rng
        Not used.

    Returns
    -------
    (n,) float64
        Scores >= 0; the lower, the nearer to the others.

    Raises
    ------
    ValueError
        If there is no fit, or a count is negative.

    Examples
    --------
    >>> from anml_fl.method.gradients import sample_gradients
    >>> from torch import nn
    >>> model = nn.Linear(1, 1, bias=False)
    >>> nn.init.zeros_(model.weight).requires_grad
    True
    >>> fit = sample_gradients(model, [[0.5]] * 4, [0.0, -1.0, -2.0, -9.0], loss="squared")
    >>> exact_scores([fit], n_neighbours=2, budget=0, rng=np.random.default_rng(0))
    array([  5.,   2.,   5., 113.])
    """
    last, k, _ = _checked(fits, n_neighbours, budget, least=0)
    return sample_krum_scores(last, n_neighbours=k)


def landmark_scores(
    fits: Sequence[SampleGradients],
    *,
    n_neighbours: int,
    budget: int,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Estimate Krum scores from the distances to a random reference set.

    The set is a systematic sample: every (n / m)-th gradient by length, from a random start.

    Of m landmarks, round(k m / (n - 1)) count, at least one; a landmark has only the other
    m - 1. One pass over (n, m) distances. With m = n the scores are exact.

    Parameters
    ----------
    fits : sequence of SampleGradients
        Only the last counts.
    n_neighbours : int
        k, clipped to [1, n - 1].
    budget : int
        m, the landmarks, >= 2; more than n are n.
    rng : numpy.random.Generator
        Draws where the sample starts.

    Returns
    -------
    (n,) float64
        In the unit of the exact scores: k times the mean distance to those that count.

    Raises
    ------
    ValueError
        If there is no fit, or a count is out of range.

    Examples
    --------
    >>> from anml_fl.method.gradients import sample_gradients
    >>> from torch import nn
    >>> model, rng = nn.Linear(2, 3), np.random.default_rng(0)
    >>> fits = [sample_gradients(model, rng.normal(size=(300, 2)), rng.integers(3, size=300))]
    >>> exact = exact_scores(fits, n_neighbours=200, budget=0, rng=rng)
    >>> estimate = landmark_scores(fits, n_neighbours=200, budget=50, rng=rng)
    >>> bool(np.corrcoef(estimate, exact)[0, 1] > 0.9)
    True
    """
    last, k, m = _checked(fits, n_neighbours, budget, least=2)
    n = len(last)
    m = min(m, n)
    # Evenly over the order of lengths, from a random start: no length is missed by chance.
    order = np.argsort(last.squared_norms, kind="stable")
    landmarks = np.sort(order[((rng.random() + np.arange(m)) * n / m).astype(np.intp)])
    scores = np.empty(n)
    with one_thread():
        tiles = Tiles(last, last.take(landmarks))
        panel = last.explicit.new_empty(tiles.size, m)
        for block in tiles.blocks(n):
            distances = panel[: block.stop - block.start]
            for columns in tiles.blocks(m):
                distances[:, columns] = tiles.tile(block, columns)
            rows = np.arange(block.start, block.stop)
            own = np.isin(rows, landmarks)
            numbers = distances.cpu().numpy()
            numbers[own, np.searchsorted(landmarks, rows[own])] = np.inf
            for mask, others in ((own, m - 1), (~own, m)):
                scores[rows[mask]] = _nearest_of(numbers[mask], k, others, n)
    # Rounding can leave a distance just below zero.
    return np.maximum(scores, 0.0)


def minibatch_scores(
    fits: Sequence[SampleGradients],
    *,
    n_neighbours: int,
    budget: int,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Estimate Krum scores within random minibatches, as training would meet them.

    The samples are parted at random into minibatches of one size; within one of size b,
    round(k (b - 1) / (n - 1)) neighbours count, at least one. The mean over four partitions:
    four epochs.

    Parameters
    ----------
    fits : sequence of SampleGradients
        Only the last counts.
    n_neighbours : int
        k, clipped to [1, n - 1].
    budget : int
        b, samples in a minibatch, >= 2. From n on the scores are exact.
    rng : numpy.random.Generator
        Parts the samples.

    Returns
    -------
    (n,) float64
        In the unit of the exact scores, as for `landmark_scores`.

    Raises
    ------
    ValueError
        If there is no fit, or a count is out of range.

    Examples
    --------
    >>> from torch import nn
    >>> from anml_fl.method.gradients import sample_gradients
    >>> model, rng = nn.Linear(2, 3), np.random.default_rng(0)
    >>> fits = [sample_gradients(model, rng.normal(size=(300, 2)), rng.integers(3, size=300))]
    >>> exact = exact_scores(fits, n_neighbours=200, budget=0, rng=rng)
    >>> estimate = minibatch_scores(fits, n_neighbours=200, budget=50, rng=rng)
    >>> bool(np.corrcoef(estimate, exact)[0, 1] > 0.9)
    True
    """
    last, k, size = _checked(fits, n_neighbours, budget, least=2)
    n = len(last)
    # At least two in each, also where the last would have been left alone.
    batches = max(1, min(-(-n // size), n // 2))
    scores = np.zeros(n)
    for _ in range(_PARTITIONS):
        for batch in np.array_split(rng.permutation(n), batches):
            distances = last.squared_distances(batch, batch).cpu().numpy()
            np.fill_diagonal(distances, np.inf)
            scores[batch] += _nearest_of(distances, k, batch.size - 1, n)
    return scores / _PARTITIONS


def projected_scores(
    fits: Sequence[SampleGradients],
    *,
    n_neighbours: int,
    budget: int,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Take Krum scores of randomly projected gradients; see `projected`.

    Parameters
    ----------
    fits : sequence of SampleGradients
        Only the last counts.
    n_neighbours : int
        k, clipped to [1, n - 1].
    budget : int
        Dimensions that remain, >= 1.
    rng : numpy.random.Generator
        Draws the projection.

    Returns
    -------
    (n,) float64
        In the unit of the exact scores.

    Raises
    ------
    ValueError
        If there is no fit, or a count is out of range.

    Examples
    --------
    >>> from torch import nn
    >>> from anml_fl.method.gradients import sample_gradients
    >>> model, rng = nn.Linear(2, 3), np.random.default_rng(0)
    >>> fits = [sample_gradients(model, rng.normal(size=(300, 2)), rng.integers(3, size=300))]
    >>> exact = exact_scores(fits, n_neighbours=200, budget=0, rng=rng)
    >>> estimate = projected_scores(fits, n_neighbours=200, budget=400, rng=rng)
    >>> bool(np.corrcoef(estimate, exact)[0, 1] > 0.9)
    True
    """
    last, k, dimensions = _checked(fits, n_neighbours, budget, least=1)
    return sample_krum_scores(projected(last, dimensions, rng), n_neighbours=k)


def checkpoint_scores(
    fits: Sequence[SampleGradients],
    *,
    n_neighbours: int,
    budget: int,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Average the consistency over checkpoints of the fit.

    What a training loop has that takes q now and then rather than in every step.

    Parameters
    ----------
    fits : sequence of SampleGradients
        Of the same samples, in the order of the fit.
    n_neighbours : int
        k, clipped to [1, n - 1].
    budget : int
        How many of the fits count, >= 1: evenly spread, the last always among them.
    rng : numpy.random.Generator
        Not used.

    Returns
    -------
    (n,) float64
        1 minus the mean of q: in [0, 1], and no longer in the unit of the exact scores.

    Raises
    ------
    ValueError
        If there is no fit, their lengths differ, or a count is out of range.

    Examples
    --------
    >>> from torch import nn
    >>> from anml_fl.method.gradients import sample_gradients
    >>> model, rng = nn.Linear(2, 3), np.random.default_rng(0)
    >>> fits = [sample_gradients(model, rng.normal(size=(300, 2)), rng.integers(3, size=300))]
    >>> exact = exact_scores(fits, n_neighbours=200, budget=0, rng=rng)
    >>> mean = checkpoint_scores(fits, n_neighbours=200, budget=1, rng=rng)
    >>> bool(np.allclose(mean, 1 - consistency(exact)))
    True
    """
    last, k, wanted = _checked(fits, n_neighbours, budget, least=1)
    if any(len(fit) != len(last) for fit in fits):
        raise ValueError(f"fits must be of the same samples, got {[len(fit) for fit in fits]}")
    spread = np.linspace(len(fits) - 1, 0, min(wanted, len(fits))).round().astype(int)
    kept = [consistency(sample_krum_scores(fits[at], n_neighbours=k)) for at in sorted(spread)]
    return np.asarray(1.0 - np.mean(kept, axis=0))


def _checked(
    fits: Sequence[SampleGradients], n_neighbours: int, budget: int, least: int
) -> tuple[SampleGradients, int, int]:
    if not fits:
        raise ValueError("fits must hold at least one set of gradients, got none")
    if count("budget", budget) < least:
        raise ValueError(f"budget must be >= {least}, got {budget}")
    return fits[-1], neighbours(len(fits[-1]), n_neighbours=n_neighbours), budget


def _nearest_of(
    distances: NDArray[np.floating], k: int, others: int, n: int
) -> NDArray[np.float64]:
    """Scores from distances to some others of all, those to itself being infinite."""
    if others == 0 or distances.size == 0:
        return np.zeros(len(distances))
    few = min(max(1, round(k * others / (n - 1))), others)
    distances.partition(few - 1, axis=1)
    sums: NDArray[np.float64] = distances[:, :few].sum(axis=1).astype(np.float64)
    return sums * (k / few)
