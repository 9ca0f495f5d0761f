"""`calibrated` for samples: keep whose label the evidence and the credentials' worth bear out.

Evidence is confident learning's margin out of fold. What v and r are worth is learned from it,
never believed, and bounded: credentials help where the evidence is undecided, and no
credentials buy a way past evidence that is decided.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.checks import count, number, signal_vectors
from anml_fl.method.sample_calibrated.log_odds import probability
from anml_fl.method.sample_calibrated.margin import base_rate, confident_margin, simplest
from anml_fl.method.sample_calibrated.worth import Worth, learned_worth, rank_neighbours

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike, NDArray

    CrossFit = Callable[[NDArray[np.float64]], Sequence[NDArray[np.float64]]]

BOUND = float(np.log(30.0))
"""c: credentials multiply the odds of a good label by 30 at most, or divide them."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was decided about each sample, and why.

    Parameters
    ----------
    evidence : (n,) float64
        l, log-odds that the label is good without the sample's credentials, in nats.
    worth : (n,) float64
        g, what its credentials add, in [-bound, bound].
    posterior : (n,) float64
        sigmoid(l + g), in (0, 1).
    kept : (n,) bool
        Whether l + g > 0.
    base : float
        Part of l that all have: the base rate, >= 0.
    worth_share : float
        How much of the credentials' worth the evidence bore out, in [0, 1.5]; 0 without them.
    bound : float
        c, in nats.
    """

    evidence: NDArray[np.float64]
    worth: NDArray[np.float64]
    posterior: NDArray[np.float64]
    kept: NDArray[np.bool_]
    base: float
    worth_share: float
    bound: float


def decide(evidence: ArrayLike, worth: ArrayLike, bound: float = BOUND) -> NDArray[np.bool_]:
    """Keep a sample if l + clip(g, -c, c) > 0.

    No purchase: l <= -c is never kept and l > c always is, whatever the worth.

    Parameters
    ----------
    evidence, worth : (n,) array
        l and g, in nats.
    bound : float
        c >= 0.

    Returns
    -------
    (n,) bool

    Examples
    --------
    >>> decide([-4.0, -1.0, 1.0, 4.0], [99.0, 2.0, -2.0, -99.0], bound=3.0)
    array([False,  True, False,  True])
    """
    limit = number("bound", bound, 0, np.finfo(np.float64).max)
    # Compared and not added: so tiny a worth is not lost in rounding.
    kept: NDArray[np.bool_] = np.asarray(evidence) > -np.clip(worth, -limit, limit)
    return kept


def calibrated(
    labels: NDArray[np.int64],
    cross_fit: CrossFit,
    v: ArrayLike | None = None,
    r: ArrayLike | None = None,
    *,
    bound: float = BOUND,
    fits: int = 5,
) -> Calibration:
    """Tell good labels from bad ones by evidence and learned worth.

    w = 1 at first; then, `fits` times: p from `cross_fit(w)`, l from p, g from l and (v, r),
    w = sigmoid(l + g).

    Parameters
    ----------
    labels : (n,) int64
        As given, from 0 on; by stable identity.
    cross_fit : callable
        From weights (n,) in [0, 1] to candidates of out-of-fold probabilities, (n, classes)
        each, the simplest model's first. A sample must not be seen by the model that judges
        it, and the same weights must give the same answer.
    v, r : (n,) array, optional
        Verification and reputation, in [0, 1]. Both, or neither: then the evidence decides.
    bound : float
        c, in nats, >= 0.
    fits : int
        Of the models, >= 1.

    Returns
    -------
    Calibration
        Where more than half of a class is poisoned alike and credentials do not tell, the
        poison is taken for the class.

    Raises
    ------
    ValueError
        If the labels are no labels of the candidates' classes, only one of v and r is given,
        or a number is out of its range.

    Examples
    --------
    >>> labels = np.array([0, 0, 1, 1])
    >>> p = np.array([[0.9, 0.1], [0.1, 0.9], [0.1, 0.9], [0.2, 0.8]])
    >>> calibrated(labels, lambda weights: [p]).kept
    array([ True, False,  True,  True])
    """
    labels = _labels(labels)
    limit = number("bound", bound, 0, np.finfo(np.float64).max)
    if count("fits", fits) == 0:
        raise ValueError("fits must be >= 1, got 0")
    neighbours = _neighbours(labels.size, v, r)
    judged = _judged(labels, cross_fit, np.ones(labels.size), neighbours, limit)
    for _ in range(fits - 1):
        judged = _judged(labels, cross_fit, judged.posterior, neighbours, limit)
    return judged


def _judged(
    labels: NDArray[np.int64],
    cross_fit: CrossFit,
    weights: NDArray[np.float64],
    neighbours: NDArray[np.intp] | None,
    bound: float,
) -> Calibration:
    """Fit once, with samples believed as far as their weights say, and judge all anew."""
    candidates = [_checked(one, labels) for one in cross_fit(weights)]
    if not candidates:
        raise ValueError("cross_fit must give at least one candidate, got none")
    chosen = candidates[simplest(candidates, labels, weights)]
    margin = confident_margin(chosen, labels, weights)
    base = base_rate(margin)
    evidence = margin + base
    worth = Worth(np.zeros(labels.size), 0.0)
    if neighbours is not None:
        worth = learned_worth(evidence, neighbours, bound)
    posterior = probability(evidence + worth.values)
    kept = decide(evidence, worth.values, bound)
    return Calibration(evidence, worth.values, posterior, kept, base, worth.share, bound)


def _labels(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    found = np.asarray(labels)
    if found.ndim != 1 or found.dtype.kind not in "iu" or found.size < 2 or found.min() < 0:
        raise ValueError(
            "labels must be a vector of two or more whole numbers >= 0, got shape"
            f" {found.shape} of {found.dtype}"
        )
    return found.astype(np.int64)


def _neighbours(n: int, v: ArrayLike | None, r: ArrayLike | None) -> NDArray[np.intp] | None:
    if v is None and r is None:
        return None
    if v is None or r is None:
        raise ValueError("v and r must both be given, or neither: one of them is missing")
    v, r = signal_vectors(v=v, r=r)
    if v.size != n:
        raise ValueError(f"v and r must have a value a label, {n}, got {v.size}")
    return rank_neighbours(v, r)


def _checked(
    probabilities: NDArray[np.float64], labels: NDArray[np.int64]
) -> NDArray[np.float64]:
    found = np.asarray(probabilities, dtype=np.float64)
    if found.ndim != 2 or len(found) != labels.size or found.shape[1] <= labels.max():
        raise ValueError(
            f"cross_fit must give ({labels.size}, more than {labels.max()}) probabilities,"
            f" got shape {found.shape}"
        )
    if not (np.isfinite(found).all() and found.min() >= 0 and found.max() <= 1 + 1e-9):
        raise ValueError("cross_fit must give probabilities in [0, 1]: one is not")
    return found
