"""Dealing training samples out to contributors: evenly, or with skewed labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Below this a contributor could not even tell two classes apart.
_FEWEST = 2
_DEALS = 1000


def deal_iid(
    labels: NDArray[np.int64], contributors: int, rng: np.random.Generator
) -> list[NDArray[np.intp]]:
    """Deal samples out at random in parts as equal as can be.

    Parameters
    ----------
    labels : (n,) int64
    contributors : int
        At most n / 2.
    rng : numpy.random.Generator

    Returns
    -------
    list of int arrays
        Sorted indices, one array a contributor; together every index once.

    Raises
    ------
    ValueError
        If there are too few samples.

    Examples
    --------
    >>> parts = deal_iid(np.zeros(7, dtype=int), 3, np.random.default_rng(0))
    >>> [len(part) for part in parts]
    [3, 2, 2]
    """
    _enough(labels, contributors)
    return [np.sort(p) for p in np.array_split(rng.permutation(labels.size), contributors)]


def deal_dirichlet(
    labels: NDArray[np.int64], contributors: int, alpha: float, rng: np.random.Generator
) -> list[NDArray[np.intp]]:
    """Deal each class out by shares drawn from Dirichlet(alpha): the lower, the more skewed.

    Hsu, Qi, Brown: Measuring the effects of non-identical data distribution for
    federated visual classification, 2019.

    Parameters
    ----------
    labels : (n,) int64
    contributors : int
        At most n / 2.
    alpha : float
        Concentration > 0.
    rng : numpy.random.Generator

    Returns
    -------
    list of int arrays
        Sorted indices, one array a contributor, at least two each; together every
        index once.

    Raises
    ------
    ValueError
        If there are too few samples, or alpha is not > 0.

    Examples
    --------
    >>> labels = np.repeat(np.arange(3), 20)
    >>> parts = deal_dirichlet(labels, 4, 0.5, np.random.default_rng(0))
    >>> sum(len(part) for part in parts)
    60
    """
    _enough(labels, contributors)
    if not alpha > 0:
        raise ValueError(f"alpha must be > 0, got {alpha}")
    parts: list[list[NDArray[np.intp]]] = []
    for _ in range(_DEALS):
        parts = [[] for _ in range(contributors)]
        for label in np.unique(labels):
            members = rng.permutation(np.flatnonzero(labels == label))
            shares = rng.dirichlet(np.full(contributors, alpha))
            cuts = (np.cumsum(shares)[:-1] * members.size).round().astype(int)
            for part, piece in zip(parts, np.split(members, cuts), strict=True):
                part.append(piece)
        if min(sum(map(len, part)) for part in parts) >= _FEWEST:
            break
    dealt = [np.concatenate(part) for part in parts]
    # With many contributors hardly any deal leaves nobody short: the largest give.
    for i in range(contributors):
        while dealt[i].size < _FEWEST:
            largest = int(np.argmax([part.size for part in dealt]))
            dealt[i] = np.append(dealt[i], dealt[largest][-1])
            dealt[largest] = dealt[largest][:-1]
    return [np.sort(part) for part in dealt]


def _enough(labels: NDArray[np.int64], contributors: int) -> None:
    if contributors < 1 or contributors * _FEWEST > labels.size:
        raise ValueError(
            f"contributors must be between 1 and {labels.size // _FEWEST} for"
            f" {labels.size} training samples, got {contributors}"
        )
