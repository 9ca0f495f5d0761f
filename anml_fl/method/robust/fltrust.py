"""FLTrust: trust by the direction of the server's own update."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.method.robust.direction import direction

if TYPE_CHECKING:
    from numpy.typing import NDArray


def fltrust(
    updates: NDArray[Any], root: NDArray[Any], factors: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Average updates cut to the server's length, by TS_i = relu(cos(g_i, g_0)).

    g = norm(g_0) sum_i TS_i g_i / norm(g_i) / sum_i TS_i: Cao, Fang, Liu, Gong, NDSS 2021,
    Eq. 2 to 4. Here sample weights multiply TS_i; all 1 is as in the paper.

    Parameters
    ----------
    updates : (n, d) array
        g_i.
    root : (d,) array
        g_0, what the server's own training leads to. One that is not finite trusts nobody.
    factors : (n,) float64
        Sample weights, > 0.

    Returns
    -------
    tuple
        g (d,) float64, and shares (n,) float64 that sum to 1; all 0, and g = 0, where no
        update goes the server's way.

    Examples
    --------
    >>> updates = np.array([[4.0, 0.0], [0.0, 9.0], [-1.0, 0.0]])
    >>> fltrust(updates, np.array([2.0, 2.0]), np.ones(3))
    (array([1.41421356, 1.41421356]), array([0.5, 0.5, 0. ]))
    """
    found, shares = np.zeros(updates.shape[1]), np.zeros(len(updates))
    if not np.isfinite(root).all():
        return found, shares
    servers, length = direction(root)
    for place, update in enumerate(updates):
        unit, _ = direction(update)
        shares[place] = max(0.0, float(unit @ servers)) * factors[place]
        if shares[place]:
            found += shares[place] * unit
    total = shares.sum()
    if not total > 0:
        return np.zeros_like(found), np.zeros_like(shares)
    return found / total * length, shares / total
