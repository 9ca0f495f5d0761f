"""Rules that go from point to point among gradients, by the distances of these alone.

A point is a mean of gradients, whose shares sum to 1, so that no step of a rule takes a pass
over their coordinates: |x_i - z|^2 = (D s)_i - s D s / 2 where z = sum_j s_j x_j and D holds
the squared distances of every pair.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def squared(points: NDArray[np.float32]) -> Floats:
    """Measure the squared distance of every pair, in float32 around their mean.

    What is the same in coordinates comes out as near but not at 0, which does for these rules;
    `anml_fl.method.distances` would measure copies again, and attackers' are.

    Parameters
    ----------
    points : (n, p) float32

    Returns
    -------
    (n, n) float64
        >= 0, and 0 on the diagonal.

    Examples
    --------
    >>> squared(np.array([[0, 0], [3, 4]], np.float32))
    array([[ 0., 25.],
           [25.,  0.]])
    """
    around = points - points.mean(axis=0)
    return between((around @ around.T).astype(np.float64))


def between(products: Floats) -> Floats:
    """Turn inner products (n, n) of points into their squared distances.

    Examples
    --------
    >>> between(np.array([[1.0, 2.0], [2.0, 4.0]]))
    array([[0., 1.],
           [1., 0.]])
    """
    lengths = products.diagonal()
    found: Floats = np.maximum(lengths[:, None] + lengths - 2 * products, 0.0)
    return found


def weiszfeld(pairs: Floats, *, steps: int, nu: float) -> Floats:
    """Weigh gradients so that their mean nears the geometric median.

    Parameters
    ----------
    pairs : (n + 1, n + 1) float64
        Squared distances of n gradients, and of where it begins as the last.
    steps : int
    nu : float
        Distances below count as this, > 0.

    Returns
    -------
    (n + 1,) float64
        Shares >= 0 that sum to 1, the last one's 0.

    References
    ----------
    Pillutla, Kakade, Harchaoui 2022, algorithm 2; as Bucketing's authors have it.

    Examples
    --------
    >>> points = np.array([[0.0], [1.0], [9.0], [0.0]], np.float32)
    >>> shares = weiszfeld(squared(points), steps=100, nu=1e-9)
    >>> (shares @ points).round(3)
    array([1.])
    """
    shares: Floats = np.eye(len(pairs))[-1]
    for _ in range(steps):
        shares = 1.0 / np.maximum(_away(pairs, shares), nu)
        shares[-1] = 0.0
        shares /= shares.sum()
    return shares


def clipped(pairs: Floats, *, radius: float, steps: int) -> Floats:
    """Move from the last point towards all others, none of which pulls further than a radius.

    Parameters
    ----------
    pairs : (n + 1, n + 1) float64
        Squared distances of n gradients, and of the centre as the last.
    radius : float
        tau > 0.
    steps : int

    Returns
    -------
    (n + 1,) float64
        Shares of the new centre, that sum to 1.

    References
    ----------
    Karimireddy, He, Jaggi 2021, algorithm 2.

    Examples
    --------
    >>> points = np.array([[1.0], [2.0], [100.0], [0.0]], np.float32)
    >>> shares = clipped(squared(points), radius=3.0, steps=1)
    >>> shares @ points
    array([2.])
    """
    shares: Floats = np.eye(len(pairs))[-1]
    for _ in range(steps):
        away = np.maximum(_away(pairs, shares), radius)
        pulls = radius / away / (len(pairs) - 1)
        pulls[-1] = 0.0
        shares = (1.0 - pulls.sum()) * shares + pulls
    return shares


def _away(pairs: Floats, shares: Floats) -> Floats:
    far = pairs @ shares
    found: Floats = np.sqrt(np.maximum(far - shares @ far / 2, 0.0))
    return found
