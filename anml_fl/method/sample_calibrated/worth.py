"""What v and r are worth: learned from the evidence of others with credentials alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.sample_calibrated.log_odds import log_odds, probability

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NEIGHBOURS = 25
# As many neighbours of average evidence are added: few real ones prove little.
_PRIOR = 2.0
_STEPS = 4
# Shares of the found worth that are tried.
_SHARES = np.linspace(0.0, 1.5, 16)
# Distances that are worked out at once.
_AT_ONCE = 4_000_000


@dataclass(frozen=True, slots=True)
class Worth:
    """What credentials are worth.

    Parameters
    ----------
    values : (n,) float64
        Log-odds that each sample's v and r add, in [-bound, bound].
    share : float
        How much of what the neighbours say was borne out, in [0, 1.5]; 0 where credentials
        tell nothing.
    """

    values: NDArray[np.float64]
    share: float


def rank_neighbours(
    v: NDArray[np.float64], r: NDArray[np.float64], k: int = _NEIGHBOURS
) -> NDArray[np.intp]:
    """Find for each sample the others of the most similar credentials.

    Parameters
    ----------
    v, r : (n,) float64
        In [0, 1]. Only their ranks count.
    k : int
        How many; fewer where there are not so many others.

    Returns
    -------
    (n, k) int
        Never the sample itself.

    Examples
    --------
    >>> rank_neighbours(np.array([0.1, 0.1, 0.9, 0.9]), np.full(4, 0.5), 1)
    array([[1],
           [0],
           [3],
           [2]])
    """
    n = v.size
    k = min(k, n - 1)
    across, up = _ranks(v), _ranks(r)
    found = np.empty((n, k), dtype=np.intp)
    step = max(_AT_ONCE // n, 1)
    for start in range(0, n, step):
        rows = np.arange(start, min(start + step, n))
        distances = (across[rows, None] - across) ** 2 + (up[rows, None] - up) ** 2
        distances[rows - start, rows] = np.inf
        found[rows] = np.argpartition(distances, k - 1, axis=1)[:, :k] if k else 0
    return found


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks from 1 on; the mean rank of those that are equal."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: NDArray[np.float64] = (last - (counts - 1) / 2)[place]
    return ranks


def learned_worth(
    evidence: NDArray[np.float64], neighbours: NDArray[np.intp], bound: float
) -> Worth:
    """Learn what credentials add to the evidence, without the sample's own.

    P_i = (sum of pi over the neighbours + 2 mean pi) / (k + 2) and
    g_i = clip(a (logit P_i - logit mean pi), -c, c), where pi = sigmoid(l + g). The share a
    maximises the likelihood of sigmoid(l): credentials that nothing bears out get no say.

    Parameters
    ----------
    evidence : (n,) float64
        l, in nats.
    neighbours : (n, k) int
        Of `rank_neighbours`.
    bound : float
        c, in nats, >= 0.

    Returns
    -------
    Worth
        Where attackers show exactly what the honest show it is about 0; where they buy better
        credentials than all honest ones it counts against whoever shows these.

    Examples
    --------
    >>> v = np.linspace(0, 1, 80)
    >>> l = np.where(np.arange(80) < 40, -2.0, 2.0)
    >>> found = learned_worth(l, rank_neighbours(v, v), bound=3.0)
    >>> bool(found.values[10] < -1), bool(found.values[70] > 1)
    (True, True)
    """
    k = neighbours.shape[1]
    alone = probability(evidence)
    base = float(log_odds(alone.mean()))
    believed, values, share = alone, np.zeros_like(evidence), 0.0
    for _ in range(_STEPS):
        mean = believed.mean()
        nearby = (believed[neighbours].sum(axis=1) + _PRIOR * mean) / (k + _PRIOR)
        found = log_odds(nearby) - log_odds(mean)
        share = _borne_out(found, alone, base)
        values = np.clip(share * found, -bound, bound)
        believed = probability(evidence + values)
    return Worth(values, share)


def _borne_out(found: NDArray[np.float64], alone: NDArray[np.float64], base: float) -> float:
    """Share of the worth with which the evidence alone is most likely."""
    likelihoods = [
        -(alone @ np.logaddexp(0, -base - a * found))
        - (1 - alone) @ np.logaddexp(0, base + a * found)
        for a in _SHARES
    ]
    return float(_SHARES[int(np.argmax(likelihoods))])
