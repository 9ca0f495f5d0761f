"""Krum's score of samples many of which are the same, as answers about one sentence are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.krum import neighbours

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anml_fl.method.gradient_set import SampleGradients

# Distances that are sorted at once.
_AT_ONCE = 1 << 22


def repeated_krum_scores(
    gradients: SampleGradients, times: NDArray[np.int64], n_byzantine: int
) -> NDArray[np.float64]:
    """Sum each gradient's squared distances to its nearest others: s_i, Eq. 2, of repeats too.

    People who say the same of the same sentence have the same gradient: it is taken once.

    Parameters
    ----------
    gradients : SampleGradients
        Of u different samples.
    times : (u,) int64
        How often each is there, >= 1; n is their sum.
    n_byzantine : int
        f, as in `anml_fl.method.krum.krum_scores` of all n.

    Returns
    -------
    (u,) float64
        The score that each repeat of a sample has.

    Examples
    --------
    >>> from torch import nn
    >>> from anml_fl.method.gradients import sample_gradients
    >>> model = nn.Linear(1, 1, bias=False)
    >>> nn.init.zeros_(model.weight).requires_grad
    True
    >>> fit = sample_gradients(model, [[0.5], [0.5]], [0.0, -2.0], loss="squared")
    >>> repeated_krum_scores(fit, np.array([3, 1]), 0)  # k = 2 of the 4
    array([0., 8.])
    """
    k = neighbours(int(times.sum()), n_byzantine=n_byzantine)
    everything = np.arange(times.size)
    scores = np.empty(times.size)
    size = max(1, _AT_ONCE // times.size)
    for start in range(0, times.size, size):
        rows = everything[start : start + size]
        distances = gradients.squared_distances(rows, everything).numpy().astype(np.float64)
        counts = np.tile(times, (rows.size, 1))
        counts[np.arange(rows.size), rows] -= 1  # not to itself
        order = distances.argsort(axis=1, kind="stable")
        distances = np.take_along_axis(distances, order, axis=1)
        counts = np.take_along_axis(counts, order, axis=1)
        before = counts.cumsum(axis=1) - counts
        scores[rows] = (distances * np.clip(k - before, 0, counts)).sum(axis=1)
    return scores
