"""Bucketing: random groups are averaged, so that a rule sees updates that differ less.

Karimireddy, He, Jaggi: Byzantine-robust learning on heterogeneous datasets via bucketing, ICLR
2022.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def bucketing(n: int, size: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Draw the buckets: s in each, the rest in a last one.

    Parameters
    ----------
    n : int
        Updates, >= 1.
    size : int
        s >= 1.
    rng : Generator

    Returns
    -------
    (n,) intp
        Each update's bucket, from 0 to ceil(n / s) - 1.

    References
    ----------
    Karimireddy et al. 2022, algorithm 1.

    Examples
    --------
    >>> np.bincount(bucketing(5, 2, np.random.default_rng(0)))
    array([2, 2, 1])
    """
    buckets = np.empty(n, dtype=np.intp)
    buckets[rng.permutation(n)] = np.arange(n) // size
    return buckets


def bucket_means(buckets: NDArray[np.intp]) -> NDArray[np.float64]:
    """Average each bucket: y = A x.

    Parameters
    ----------
    buckets : (n,) intp
        Each update's bucket; none from 0 to the last is empty.

    Returns
    -------
    (m, n) float64
        A: in row b 1 / |b| at the members of bucket b.

    Examples
    --------
    >>> bucket_means(np.array([0, 1, 0]))
    array([[0.5, 0. , 0.5],
           [0. , 1. , 0. ]])
    """
    sizes = np.bincount(buckets)
    mixing = np.zeros((sizes.size, buckets.size))
    mixing[buckets, np.arange(buckets.size)] = 1.0 / sizes[buckets]
    return mixing
