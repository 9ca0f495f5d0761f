"""Dealing training samples out to contributors: evenly, or with skewed labels."""

from __future__ import annotations

from collections import Counter
from heapq import heapify, heapreplace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Below this a contributor could not even tell two classes apart.
_FEWEST = 2
# Beyond these NumPy's sums of alphas lose their digits or overflow, and no draw could differ.
_LEAST_ALPHA, _LARGEST_ALPHA = float(np.finfo(np.float64).tiny), 1e300


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
    federated visual classification, 2019. Whoever draws fewer than two samples is given what
    it lacks by those who hold the most, so that no sample moves that need not.

    Parameters
    ----------
    labels : (n,) int64
    contributors : int
        At most n / 2.
    alpha : float
        Concentration > 0. At infinity each class, and the whole, is dealt out evenly.
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
    holder = np.empty(labels.size, dtype=np.intp)
    placed = 0
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        if np.isinf(alpha):
            # Like cards: who gets one more of this class gets none more of the next.
            holder[members] = (placed + np.arange(members.size)) % contributors
            placed += members.size
        else:
            within = min(max(alpha, _LEAST_ALPHA), _LARGEST_ALPHA)
            shares = rng.dirichlet(np.full(contributors, within))
            cuts = (np.cumsum(shares)[:-1] * members.size).round().astype(int)
            sizes = np.diff(cuts, prepend=0, append=members.size)
            holder[members] = np.repeat(np.arange(contributors), sizes)
    _make_up(holder, contributors, rng)
    return _parts(holder, contributors)


def _make_up(holder: NDArray[np.intp], contributors: int, rng: np.random.Generator) -> None:
    """Move samples, in place, from whoever holds the most to those who are short."""
    counts = np.bincount(holder, minlength=contributors)
    short = np.repeat(np.arange(contributors), np.maximum(_FEWEST - counts, 0))
    if not short.size:
        return
    largest = [(-count, who) for who, count in enumerate(counts.tolist())]
    heapify(largest)
    giving: Counter[int] = Counter()
    for _ in range(short.size):
        # It has three at least: there are two samples for each, and somebody has fewer.
        count, who = largest[0]
        heapreplace(largest, (count + 1, who))
        giving[who] += 1
    held = _parts(holder, contributors)
    given = [rng.choice(held[who], many, replace=False) for who, many in giving.items()]
    holder[rng.permutation(np.concatenate(given))] = short


def _parts(holder: NDArray[np.intp], contributors: int) -> list[NDArray[np.intp]]:
    """List the samples that each holds, ascending."""
    ends = np.cumsum(np.bincount(holder, minlength=contributors))
    return np.split(np.argsort(holder, kind="stable"), ends[:-1])


def _enough(labels: NDArray[np.int64], contributors: int) -> None:
    most = labels.size // _FEWEST
    if most < 1:
        raise ValueError(
            f"each contributor needs {_FEWEST} training samples, and there are {labels.size}"
        )
    if not 1 <= contributors <= most:
        raise ValueError(
            f"contributors must be between 1 and {most} for {labels.size} training samples,"
            f" got {contributors}"
        )
