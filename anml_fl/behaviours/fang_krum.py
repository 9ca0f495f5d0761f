"""Fang's attack on Krum: the farthest step back that Krum still selects.

Fang, Cao, Jia, Gong: Local model poisoning attacks to Byzantine-robust federated learning,
USENIX Security 2020, section 4.2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.behaviour import Behaviour
from anml_fl.behaviours._together import together
from anml_fl.method.distances import squared_distances
from anml_fl.method.krum import neighbours

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anml_fl.behaviour import Sight

# The paper's: below it nothing is gained.
_SMALLEST = 1e-5


def step_back(honest: NDArray[Any], attackers: int) -> NDArray[Any]:
    """Send -lambda s of the largest lambda for which Krum selects an attacker.

    s is the sign of the honest mean, and every attacker sends the same. lambda begins at the
    paper's upper bound, and is halved until Krum's lowest score is an attacker's.

    Parameters
    ----------
    honest : (m, d) array
        m >= 1.
    attackers : int
        c of the paper, >= 1.

    Returns
    -------
    (d,) float64
        At least as long as lambda = 1e-5, which is sent where Krum takes none.

    Examples
    --------
    Two who agree with each other are nearer than any of the honest are:

    >>> step_back(np.array([[1.0], [2.0], [3.0]]), attackers=2)
    array([-4.])
    """
    rows = honest.astype(np.float64)
    m, d = rows.shape
    n = m + attackers
    near = neighbours(n, n_byzantine=attackers)
    sign = np.sign(rows.mean(axis=0))
    squared, along = np.einsum("ij,ij->i", rows, rows), rows @ sign
    distances = np.zeros((n, n))
    distances[:m, :m] = squared_distances(rows)
    least = _lowest_sums(distances[:m, :m], min(near, max(m - 1, 1))).min()
    step = np.sqrt(least / (max(n - 2 * attackers - 1, 1) * d)) + np.sqrt(squared.max() / d)
    while step > _SMALLEST:
        to_honest = np.maximum(squared + 2 * step * along + step**2 * (sign @ sign), 0.0)
        distances[:m, m:] = to_honest[:, None]
        distances[m:, :m] = to_honest
        if _lowest_sums(distances, near).argmin() >= m:
            break
        step /= 2
    sent: NDArray[Any] = -max(step, _SMALLEST) * sign
    return sent


def _lowest_sums(distances: NDArray[np.float64], near: int) -> NDArray[np.float64]:
    """Sum each row's lowest distances to others: Krum's scores."""
    others = distances.copy()
    np.fill_diagonal(others, np.inf)
    others.partition(near - 1, axis=1)
    sums: NDArray[np.float64] = others[:, :near].sum(axis=1)
    return np.where(np.isfinite(sums), sums, 0.0)


def _sent(update: NDArray[Any], sight: Sight) -> NDArray[Any]:
    return together(
        "fang_krum", update, sight, lambda honest: step_back(honest, sight.attackers)
    )


fang_krum = Behaviour(update=_sent)
