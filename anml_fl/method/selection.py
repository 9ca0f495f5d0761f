"""From weights to a training set: top fraction, proportional sampling (Eq. 6, 7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.checks import number, vector

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def select_top(weights: ArrayLike, fraction: float = 0.7) -> NDArray[np.bool_]:
    """Keep the heaviest fraction, Eq. 6.

    Parameters
    ----------
    weights : (n,) array
        Weights >= 0. Order them by stable identity: ties go to the lower index.
    fraction : float
        Share kept, in (0, 1].

    Returns
    -------
    (n,) bool
        Exactly max(1, round(fraction * n)) True.

    Raises
    ------
    ValueError
        If `weights` is not a non-empty vector of finite numbers >= 0, or the fraction
        lies outside (0, 1].

    Examples
    --------
    >>> select_top([0.1, 0.4, 0.4, 0.1], fraction=0.7)
    array([ True,  True,  True, False])
    """
    w = _weights(weights)
    if not number("fraction", fraction, 0, 1) > 0:
        raise ValueError(f"fraction must lie in (0, 1], got {fraction}")
    count = max(1, round(fraction * w.size))
    least = np.partition(w, w.size - count)[w.size - count]
    mask: NDArray[np.bool_] = w > least
    mask[np.flatnonzero(w == least)[: count - np.count_nonzero(mask)]] = True
    return mask


def sample_proportional(
    weights: ArrayLike, size: int, rng: np.random.Generator
) -> NDArray[np.intp]:
    """Draw indices, with replacement, with probability proportional to weight, Eq. 7.

    Parameters
    ----------
    weights : (n,) array
        Weights >= 0, not all zero.
    size : int
        Draws, >= 0.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    (size,) int
        Indices in [0, n).

    Raises
    ------
    ValueError
        If `weights` is not a non-empty vector of finite numbers >= 0, or all zero.

    Examples
    --------
    >>> sample_proportional([0.0, 2.0], size=3, rng=np.random.default_rng(0))
    array([1, 1, 1])
    """
    w = _weights(weights)
    if w.max() == 0:
        raise ValueError("weights must not all be zero")
    # Divided by the greatest first: sums of huge or denormal weights stay finite.
    w = w / w.max()
    return rng.choice(w.size, size=size, p=w / w.sum())


def _weights(weights: ArrayLike) -> NDArray[np.float64]:
    w = vector("weights", weights)
    if w.size == 0:
        raise ValueError("weights must be a non-empty vector, got shape (0,)")
    bad = np.flatnonzero(~(np.isfinite(w) & (w >= 0)))
    if bad.size:
        raise ValueError(
            f"weights must be finite and >= 0, got weights[{bad[0]}] = {w[bad[0]]}"
        )
    return w
