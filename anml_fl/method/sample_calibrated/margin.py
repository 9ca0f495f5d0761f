"""Evidence of a label: confident learning's margin, out of fold, as a log-likelihood ratio.

Northcutt, Jiang, Chuang: Confident learning: estimating uncertainty in dataset labels,
JAIR 2021.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.sample_calibrated.log_odds import log_odds, probability

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

LEAST, MOST = -6.0, 4.0
"""Range of the margin: no single sample is surer than this, for or against."""

# Of a probability that a model puts at 0: what it costs to be wrong stays finite.
_FLOOR = 1e-4
# Classes of which nothing is believed have a threshold all the same.
_LEAST_THRESHOLD = 1e-3
# Standard errors within which a simpler model is as good (Breiman et al., 1984, take 1).
_SIMPLER = 0.5
_STEPS = 30
_EVEN, _MOST_BASE = float(np.log(4.0)), 2.0


def confident_margin(
    probabilities: NDArray[np.float64],
    labels: NDArray[np.int64],
    weights: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Compare a label with the best other one, each by its class's own confidence.

    l_i = log(p_iy / t_y) - max over c != y of log(p_ic / t_c), where the threshold t_c is the
    weighted mean of p_c over the samples that are labelled c.

    Parameters
    ----------
    probabilities : (n, classes) float64
        By models that have not seen the sample.
    labels : (n,) int64
    weights : (n,) float64
        How far each sample is believed, in [0, 1].

    Returns
    -------
    (n,) float64
        In [-6, 4], in nats: above 0 the label fits best. It says nothing where more than half
        of a class is poisoned alike: the poison then is the class.

    Examples
    --------
    >>> p = np.array([[0.9, 0.1], [0.2, 0.8], [0.1, 0.9]])
    >>> confident_margin(p, np.array([0, 1, 0]), np.ones(3)).round(2)
    array([ 2.67,  0.92, -1.73])
    """
    n, classes = probabilities.shape
    # A class that nobody names is nobody's other label.
    thresholds = np.full(classes, np.inf)
    for c in np.unique(labels):
        own = labels == c
        total = weights[own].sum()
        mean = weights[own] @ probabilities[own, c] / total if total > 0 else 0.0
        thresholds[c] = max(mean, _LEAST_THRESHOLD)
    with np.errstate(divide="ignore"):
        scores = np.log(np.maximum(probabilities, _FLOOR**2) / thresholds)
    given = scores[np.arange(n), labels].copy()
    scores[np.arange(n), labels] = -np.inf
    margin: NDArray[np.float64] = np.clip(given - scores.max(axis=1), LEAST, MOST)
    return margin


def base_rate(margin: NDArray[np.float64]) -> float:
    """Estimate by expectation maximisation how likely a good label is before any evidence.

    b = clip(logit(mean of sigmoid(l + b)) - log 4, 0, 2), from b = 0. A margin of 0 stands for
    even odds. Where nearly all labels fit, one that does not is more likely a hard sample
    than a bad one; where a fifth or more is in doubt, the base adds nothing, since poison
    that looks right would gain by it.

    Parameters
    ----------
    margin : (n,) float64

    Returns
    -------
    float
        In [0, 2], in nats.

    Examples
    --------
    >>> base_rate(np.array([4.0, 4.0, 4.0, -6.0])), base_rate(np.full(5, 4.0))
    (0.0, 2.0)
    """
    base = 0.0
    for _ in range(_STEPS):
        share = probability(margin + base).mean()
        base = float(np.clip(log_odds(share) - _EVEN, 0.0, _MOST_BASE))
    return base


def simplest(
    candidates: Sequence[NDArray[np.float64]],
    labels: NDArray[np.int64],
    weights: NDArray[np.float64],
) -> int:
    """Choose among models by out-of-fold likelihood: the first that is about as good.

    Parameters
    ----------
    candidates : sequence of (n, classes) float64
        Out-of-fold probabilities, the simplest model's first: by epochs, for example.
    labels : (n,) int64
    weights : (n,) float64
        In [0, 1].

    Returns
    -------
    int
        Index of the first whose weighted mean log-likelihood is within half a standard error,
        paired over samples, of the best. Who fits longer learns systematic poison, too.

    Examples
    --------
    >>> good, best = np.array([[0.89, 0.11], [0.12, 0.88]]), np.array([[0.9, 0.1], [0.1, 0.9]])
    >>> simplest([np.full((2, 2), 0.5), good, best], np.array([0, 1]), np.ones(2))
    2
    """
    rows, total = np.arange(labels.size), weights.sum()
    found = [np.log(np.maximum(one[rows, labels], _FLOOR)) for one in candidates]
    best = found[int(np.argmax([weights @ one for one in found]))]
    for place, one in enumerate(found):
        loss = best - one
        mean = weights @ loss / total
        error = np.sqrt(weights @ (loss - mean) ** 2) / total
        if mean <= _SIMPLER * error:
            return place
    return len(found) - 1
