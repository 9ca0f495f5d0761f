"""What credentials are worth: learned from the evidence on the others, and bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

if TYPE_CHECKING:
    from numpy.typing import NDArray

C = float(np.log(9.0))
"""c: the most that (v, r) can add or take, in nats."""

# What .2 of a signal is worth before anything is learned, in nats, and how sure of it.
_SLOPE, _SPREAD = 1.5, 0.5
_UNIT = 0.2
_STEPS = 8


def credential_worth(
    verdicts: NDArray[np.float64],
    v: NDArray[np.float64],
    r: NDArray[np.float64],
    base: float,
    c: float = C,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Log-odds s_i that (v_i, r_i) add, |s_i| <= c: leave-one-out ridge logistic regression.

    For each contributor the verdicts on the others are regressed on their v and r, with a
    normal prior on both slopes; slopes are >= 0, so that no credential counts against its
    owner. What one contributor's own evidence says never enters its own worth.

    Parameters
    ----------
    verdicts : (n,) float64
        Probability that each is honest by the evidence alone, in [0, 1].
    v, r : (n,) float64
        In [0, 1].
    base : float
        The prior's intercept, in nats.
    c : float
        Bound, >= 0.

    Returns
    -------
    tuple
        s (n,); and the mean slopes (2,) of v and r, in nats for .1 of each.

    Examples
    --------
    >>> nothing, _ = credential_worth(np.ones(4), np.full(4, 0.5), np.full(4, 0.5), 1.0)
    >>> nothing
    array([0., 0., 0., 0.])
    """
    n = verdicts.size
    signals = np.stack([v - v.mean(), r - r.mean()], axis=1) / _UNIT
    if not signals.any():
        return np.zeros(n), np.zeros(2)
    rows = np.column_stack([np.ones(n), signals])
    prior = np.array([base, _SLOPE, _SLOPE])
    precision = np.array([1.0, _SPREAD**-2, _SPREAD**-2])
    others = 1.0 - np.eye(n)
    slopes = np.tile(prior, (n, 1))
    for _ in range(_STEPS):
        found = expit(slopes @ rows.T)
        gradient = (others * (verdicts - found)) @ rows - precision * (slopes - prior)
        curvature = np.einsum("ij,jk,jl->ikl", others * found * (1.0 - found), rows, rows)
        slopes = (
            slopes
            + np.linalg.solve(curvature + np.diag(precision), gradient[..., None])[..., 0]
        )
        slopes[:, 1:] = np.maximum(slopes[:, 1:], 0.0)
    worth = (slopes[:, 1:] * signals).sum(axis=1)
    return np.clip(worth, -c, c), slopes[:, 1:].mean(axis=0) * 0.1 / _UNIT
