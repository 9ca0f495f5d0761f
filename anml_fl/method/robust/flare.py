"""FLARE: a reputation of consistency, anomaly and behaviour over time, and soft exclusion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.robust.direction import direction, directions

if TYPE_CHECKING:
    from numpy.typing import NDArray

THRESHOLD = 0.5
"""tau_0: the reputation from which on a contributor counts fully, before any round."""

# w_1 to w_3 of the three scores; alpha of the first's memory, and half of the mean update's.
_WEIGHTS, _ALPHA, _DECAY = (0.3, 0.4, 0.3), 0.7, 0.5
# tau_d and lambda: a distance beyond tau_d is punished by exp(-lambda (d - tau_d)).
_FAR, _SEVERITY = 3.6, 2.0
# beta of the inclusion rate; gamma of convergence and delta of attacks in the threshold.
_BETA, _GAMMA, _DELTA = 0.6, 0.3, 0.4
# What a newcomer's consistency is; contributors to a principal component.
_NEWCOMER, _EACH = 0.5, 10
# Of a normal distribution, one standard deviation in median absolute deviations.
_MAD = 1.4826


@dataclass(frozen=True, slots=True)
class Standing:
    """What is remembered of n contributors; zeros of whom nothing is known.

    Parameters
    ----------
    mean : (n, k) float64
        Moving average of their updates.
    consistency : (n,) float64
        r_1, in [-1, 1].
    included : (n,) float64
        How often they were let in, in parts.
    rounds : (n,) float64
        How often they took part.
    """

    mean: NDArray[np.float64]
    consistency: NDArray[np.float64]
    included: NDArray[np.float64]
    rounds: NDArray[np.float64]

    @classmethod
    def unknown(cls, n: int, k: int) -> Standing:
        """Know nothing of n contributors."""
        return cls(np.zeros((n, k)), np.zeros(n), np.zeros(n), np.zeros(n))


def flare(
    updates: NDArray[np.float64], standing: Standing, threshold: float = THRESHOLD
) -> tuple[NDArray[np.float64], NDArray[np.float64], Standing]:
    """Weigh by reputation R_i = w_1 r_1 + w_2 r_2 + w_3 r_3, softly below a threshold.

    r_1 is a decaying mean of the cosine between an update and its sender's earlier ones; r_2
    is 1 up to a distance tau_d from the others, then exp(-lambda (d - tau_d)); r_3 = beta
    times the rate of rounds in which one was let in, plus 1 - beta. From tau on R_i weighs as
    it is, down to tau / 2 times R_i / tau, below not at all. Younesi, Kiss, Najafabadi Samani,
    Aznar Poveda, Fahringer, arXiv:2511.14715, in the paper's and its code's numbers.

    Left out: response times, which are a client's own word, the mixture of w that follows the
    attack, and noise for privacy. The distance is along the first n / 10 principal components,
    by medians and their deviations instead of a minimum covariance determinant.

    Parameters
    ----------
    updates : (n, k) float64
        Or what keeps their angles and lengths.
    standing : Standing
        Before this round.
    threshold : float
        tau.

    Returns
    -------
    tuple
        R (n,) in [0, 1]; weights (n,) in [0, 1]; and the standing after this round.

    Examples
    --------
    >>> updates = np.array([[1.0, 0.0], [1.1, 0.0], [0.9, 0.0], [-50.0, 0.0]])
    >>> reputation, weights, _ = flare(updates, Standing.unknown(4, 2))
    >>> reputation.round(2), weights.round(2)
    (array([0.85, 0.85, 0.85, 0.45]), array([0.85, 0.85, 0.85, 0.4 ]))
    """
    known = standing.rounds > 0
    units, _ = directions(updates)
    means, _ = directions(standing.mean)
    cosines = (units * means).sum(axis=1)
    consistency = np.where(
        known, _ALPHA * standing.consistency + (1 - _ALPHA) * cosines, _NEWCOMER
    )
    beyond = np.maximum(distances(updates) - _FAR, 0.0)
    rate = np.divide(standing.included, standing.rounds, out=np.ones(known.size), where=known)
    scores = (consistency, np.exp(-_SEVERITY * beyond), _BETA * rate + 1.0 - _BETA)
    total = sum(w * score for w, score in zip(_WEIGHTS, scores, strict=True))
    reputation: NDArray[np.float64] = np.clip(total, 0.0, 1.0)
    part = np.minimum(reputation / threshold, 1.0)
    part[reputation < threshold / 2] = 0.0
    mean = np.where(known[:, None], (1 - _DECAY) * standing.mean + _DECAY * updates, updates)
    after = Standing(mean, consistency, standing.included + part, standing.rounds + 1)
    return reputation, reputation * part, after


def distances(updates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Measure how far each update (n, k) is from the others' median, in deviations: (n,).

    Along the first max(1, n // 10) principal components, where covariance is diagonal.

    Examples
    --------
    >>> distances(np.array([[1.0, 0.0], [2.0, 0.0], [3.0, 0.0], [40.0, 0.0]])).round(1)
    array([ 1. ,  0.3,  0.3, 25.3])
    """
    n = len(updates)
    most = float(np.abs(updates).max(initial=0.0)) or 1.0
    centred = updates / most
    centred = centred - centred.mean(axis=0)
    spectrum, vectors = np.linalg.eigh(centred @ centred.T)
    count = max(1, n // _EACH)
    places = vectors[:, -count:] * np.sqrt(np.maximum(spectrum[-count:], 0.0))
    away = np.abs(places - np.median(places, axis=0))
    # Where most are alike to rounding, rounding is no distance.
    spread = np.maximum(_MAD * np.median(away, axis=0), 1e-9 * np.abs(places).max())
    found = np.divide(away, spread, out=np.zeros_like(away), where=spread > 0)
    return np.sqrt((found**2).sum(axis=1))


def next_threshold(
    update: NDArray[np.float64], last: NDArray[np.float64], untrusted: float
) -> float:
    """Set tau = tau_0 + gamma C - delta A for the next round.

    C, how far the rounds have converged on a way, is the cosine of the last two rounds'
    updates, where the paper's code has the clients' own accuracies.

    Parameters
    ----------
    update, last : (k,) float64
        Of this round and the one before; zeros where there was none.
    untrusted : float
        A, the share of contributors who were left out, in [0, 1].

    Examples
    --------
    >>> next_threshold(np.array([1.0, 0.0]), np.array([2.0, 0.0]), 0.0)
    0.8
    """
    alike = max(0.0, float(direction(update)[0] @ direction(last)[0]))
    return THRESHOLD + _GAMMA * alike - _DELTA * untrusted
