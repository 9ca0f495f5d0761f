"""Claimed example counts: what lies above the median counts as far as evidence earns it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LARGEST = 2.0
"""No claim counts for more than so many times the median one."""


def fedavg_shares(examples: NDArray[np.float64]) -> NDArray[np.float64]:
    """FedAvg's shares b_i of claimed counts, cut off at twice the median: they sum to 1.

    Examples
    --------
    >>> fedavg_shares(np.array([1.0, 1.0, 2.0, 90.0])).round(3)  # the median is 1.5
    array([0.143, 0.143, 0.286, 0.429])
    """
    cut = np.minimum(examples, LARGEST * np.median(examples))
    shares: NDArray[np.float64] = cut / cut.sum()
    return shares


def earned_shares(
    base: NDArray[np.float64], evidence: NDArray[np.float64], c: float
) -> NDArray[np.float64]:
    """Shares as far as they are earned: min(b_i, m (1 + t_i)), t_i = e_i / c within [0, 1].

    m is the median share. Who claims more than most needs evidence, and no credentials: below
    e_i = 0 it counts as the median does, and from c on its whole claim counts.

    Parameters
    ----------
    base : (n,) float64
        As of `fedavg_shares`.
    evidence : (n,) float64
        e_i, in nats.
    c : float
        Bound of what credentials are worth, > 0.

    Examples
    --------
    >>> earned_shares(np.array([0.1, 0.2, 0.2, 0.5]), np.array([3.0, 3, 3, 0]), 2.0)
    array([0.1, 0.2, 0.2, 0.2])
    """
    earned = np.clip(evidence / c, 0.0, 1.0)
    most = np.median(base) * (1.0 + (LARGEST - 1.0) * earned)
    shares: NDArray[np.float64] = np.minimum(base, most)
    return shares


def sure_shares(base: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shares of claims cut off at the median, which no claim of a minority moves far: sum 1.

    Examples
    --------
    >>> sure_shares(np.array([0.1, 0.2, 0.2, 0.5])).round(3)
    array([0.143, 0.286, 0.286, 0.286])
    """
    cut = np.minimum(base, np.median(base))
    shares: NDArray[np.float64] = cut / cut.sum()
    return shares


def largest_shares(examples: NDArray[np.float64]) -> NDArray[np.float64]:
    """Two medians over all counts cut at the median, had each claimed the most: (n,), > 0.

    Infinite for n = 1 and 2, where nothing else says how much is much.

    Examples
    --------
    >>> largest_shares(np.ones(10)).round(3)
    array([0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2])
    """
    middle = median_with_most(examples)
    if np.isinf(middle).any():
        return np.full(examples.size, np.inf)
    cut = np.minimum(examples[None, :], middle[:, None])
    total = cut.sum(axis=1) - np.diagonal(cut) + middle
    shares: NDArray[np.float64] = LARGEST * middle / total
    return shares


def median_with_most(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Median (n,) of values if one of them, each in its turn, were larger than all.

    Infinite for n = 1 and 2.

    Examples
    --------
    >>> median_with_most(np.array([1.0, 2.0, 3.0]))
    array([3., 3., 2.])
    """
    n = values.size
    place = np.argsort(np.argsort(values, kind="stable"))
    ends = np.append(np.sort(values), np.inf)
    # Without the one, all that come after it move down by a place.
    low, high = (
        np.where(place <= middle, ends[middle + 1], ends[middle])
        for middle in ((n - 1) // 2, n // 2)
    )
    found: NDArray[np.float64] = (low + high) / 2
    return found
