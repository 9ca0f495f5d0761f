"""Combining q, v, r and T into weights: multiplicative, softmax blend, two-stage gate.

ANML, sections 3.2 and 4 (Eq. 1 and 8, Algorithms 1 and 2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from anml_fl.method.checks import number, signal_vectors

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

Branch = Literal["uniform", "blend", "krum", "multiplicative"]


@dataclass(frozen=True, slots=True)
class Weighting:
    """What a combination decided.

    Parameters
    ----------
    weights : (n,) float64
        >= 0, summing to 1.
    branch : str
        The rule that made them: "uniform", "blend", "krum" or "multiplicative".
    rho_c : float
        Pearson correlation of q and s; nan where undefined.
    min_s : float
        Least external signal.
    select : bool
        Whether selection (Eq. 6) applies to these weights.
    reason : str, optional
        Why the weights are not what the branch says, if they are not.
    """

    weights: NDArray[np.float64]
    branch: Branch
    rho_c: float
    min_s: float
    select: bool
    reason: str | None = None


def multiplicative(q: ArrayLike, v: ArrayLike, r: ArrayLike, T: ArrayLike = 1.0) -> Weighting:
    """Multiply the four factors: w proportional to q v r T, Eq. 1 and 8.

    Parameters
    ----------
    q, v, r : (n,) array
        Consistency, verification, reputation, each in [0, 1].
    T : float or (n,) array
        Temporal decay in [0, 1].

    Returns
    -------
    Weighting
        With v = r = T = 1 the ranking is Krum's.

    Raises
    ------
    ValueError
        If a signal lies outside [0, 1], is not finite, or lengths differ.

    Examples
    --------
    >>> multiplicative([1.0, 0.5], v=[0.8, 0.8], r=[0.5, 1.0]).weights
    array([0.5, 0.5])
    """
    q, v, r, T = signal_vectors(q=q, v=v, r=r, T=T)
    return _weighting(q * v * r, T, "multiplicative", q, v * r)


def softmax_blend(
    q: ArrayLike, s: ArrayLike, T: ArrayLike = 1.0, alpha: float = 0.5, tau: float = 1.0
) -> Weighting:
    """Blend the softmax of q with that of s: Algorithm 2, the paper's "ANML".

    Parameters
    ----------
    q, s : (n,) array
        Consistency and external signal s = v r, each in [0, 1].
    T : float or (n,) array
        Temporal decay in [0, 1], applied after the blend.
    alpha : float
        Share of q in the blend, in [0, 1].
    tau : float
        Softmax temperature tau_s > 0. At 1 the softmax of values in [0, 1] is nearly
        linear.

    Raises
    ------
    ValueError
        If a signal or setting lies outside its range, or lengths differ.

    Examples
    --------
    >>> softmax_blend([1.0, 0.0], [1.0, 0.0]).weights.round(4)
    array([0.7311, 0.2689])
    """
    q, s, T = signal_vectors(q=q, s=s, T=T)
    return _weighting(_blend(q, s, alpha, tau), T, "blend", q, s)


def two_stage(
    q: ArrayLike,
    s: ArrayLike,
    T: ArrayLike = 1.0,
    tau_h: float = 0.35,
    tau_c: float = 0.3,
    alpha: float = 0.5,
    tau: float = 1.0,
) -> Weighting:
    """Decide whether to trust the outside signals, then weigh: Algorithm 1.

    Stage 1: every s above tau_h means nothing to defend against: uniform, and no
    selection. Stage 2: q and s correlated above tau_c means that s can be trusted:
    softmax blend. Otherwise w = q. T multiplies in every branch.

    Parameters
    ----------
    q, s : (n,) array
        Consistency and external signal s = v r, each in [0, 1].
    T : float or (n,) array
        Temporal decay in [0, 1].
    tau_h, tau_c : float
        Thresholds of the two stages, in [0, 1] and [-1, 1].
    alpha, tau : float
        As in `softmax_blend`.

    Returns
    -------
    Weighting
        `rho_c` is nan when q or s is constant: then s counts as not trusted.

    Raises
    ------
    ValueError
        If a signal or setting lies outside its range, or lengths differ.

    Examples
    --------
    >>> two_stage([1.0, 0.5, 0.0], [0.6, 0.5, 0.4]).branch
    'uniform'
    >>> two_stage([1.0, 0.5, 0.0], [0.6, 0.5, 0.1]).branch
    'blend'
    >>> two_stage([1.0, 0.5, 0.0], [0.1, 0.5, 0.6]).weights.round(3)
    array([0.667, 0.333, 0.   ])
    """
    q, s, T = signal_vectors(q=q, s=s, T=T)
    tau_h, tau_c = number("tau_h", tau_h, 0, 1), number("tau_c", tau_c, -1, 1)
    blended = _blend(q, s, alpha, tau)  # first, so that its settings are always checked
    if s.min() > tau_h:
        return _weighting(np.ones_like(q), T, "uniform", q, s, select=False)
    if pearson(q, s) > tau_c:  # False for nan
        return _weighting(blended, T, "blend", q, s)
    return _weighting(q, T, "krum", q, s)


def pearson(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Pearson correlation of two vectors; nan when either is constant.

    Parameters
    ----------
    a, b : (n,) float64

    Returns
    -------
    float
        In [-1, 1], or nan.

    Examples
    --------
    >>> pearson(np.array([0.0, 1.0, 2.0]), np.array([1.0, 0.5, 0.0]))
    -1.0
    >>> pearson(np.ones(3), np.arange(3.0))
    nan
    """
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    # To [0, 1] first: squares of tiny spreads do not underflow, and means do not round.
    a, b = (a - a.min()) / np.ptp(a), (b - b.min()) / np.ptp(b)
    a, b = a - a.mean(), b - b.mean()
    return float(np.clip(a @ b / np.sqrt((a @ a) * (b @ b)), -1.0, 1.0))


def _blend(
    q: NDArray[np.float64], s: NDArray[np.float64], alpha: float, tau: float
) -> NDArray[np.float64]:
    alpha = number("alpha", alpha, 0, 1)
    if not (number("tau", tau, 0, np.finfo(np.float64).max) > 0):
        raise ValueError(f"tau must be finite and > 0, got {tau}")
    return alpha * _softmax(q, tau) + (1.0 - alpha) * _softmax(s, tau)


def _softmax(x: NDArray[np.float64], tau: float) -> NDArray[np.float64]:
    # Far below the greatest value a very small tau underflows to 0, as it should.
    with np.errstate(over="ignore"):
        powers: NDArray[np.float64] = np.exp((x - x.max()) / tau)
    share: NDArray[np.float64] = powers / powers.sum()
    return share


def _weighting(
    raw: NDArray[np.float64],
    T: NDArray[np.float64],
    branch: Branch,
    q: NDArray[np.float64],
    s: NDArray[np.float64],
    *,
    select: bool = True,
) -> Weighting:
    weights = raw * T
    reason = None
    if weights.max() == 0:
        reason = "every weight is zero: uniform instead"
        weights = np.ones_like(weights)
    # Divided by the greatest first: a sum of denormal weights would not divide to 1.
    weights = weights / weights.max()
    weights = weights / weights.sum()
    return Weighting(weights, branch, pearson(q, s), float(s.min()), select, reason)
