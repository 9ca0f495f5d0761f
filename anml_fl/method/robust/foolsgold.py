"""FoolsGold: contributors whose updates add up to the same direction share one vote."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.robust.direction import directions

if TYPE_CHECKING:
    from numpy.typing import NDArray

KAPPA = 1.0
"""Confidence of the logit, as in the paper."""

# Two histories nearer than this are one: what is left of 1 - cos is rounding.
_SAME = 1e-9


def foolsgold(history: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weigh by how little a contributor's summed updates are like anybody else's.

    Fung, Yoon, Beschastnikh, RAID 2020, Algorithm 1: v_i = max_j cs_ij; of honest ones cs_ij
    is pardoned by v_i / v_j where v_j > v_i; alpha_i = 1 - max_j cs_ij over the largest of
    them, then clip(kappa (ln(alpha_i / (1 - alpha_i)) + 1/2)) to [0, 1].

    Parameters
    ----------
    history : (n, k) float64
        H_i, the sum of each contributor's updates over the rounds, or what keeps their angles.

    Returns
    -------
    (n,) float64
        In [0, 1], the largest 1. Where all are one direction all are 1: it cannot tell them
        apart.

    Examples
    --------
    >>> foolsgold(np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
    array([0., 0., 1.])
    """
    n = len(history)
    units, _ = directions(history)
    similar = units @ units.T
    np.fill_diagonal(similar, 0.0)
    nearest = np.maximum(similar.max(axis=1), 0.0)
    pardon = np.ones((n, n))
    np.divide(nearest[:, None], nearest, out=pardon, where=nearest > nearest[:, None])
    apart = 1.0 - (similar * pardon).max(axis=1)
    apart[apart < _SAME] = 0.0
    if not apart.any():
        return np.ones(n)
    alpha = np.minimum(apart, 1.0)
    alpha = np.clip(alpha / alpha.max(), 0.0, 1.0)
    weights, inside = (alpha >= 1.0).astype(np.float64), (alpha > 0) & (alpha < 1)
    logit = np.log(alpha[inside] / (1.0 - alpha[inside])) + 0.5
    weights[inside] = np.clip(KAPPA * logit, 0.0, 1.0)
    return weights
