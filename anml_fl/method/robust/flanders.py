"""FLANDERS: leave out whose model a matrix autoregression did not foresee."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SAMPLED = 500
"""Coordinates that are looked at."""

WINDOW = 2
"""Rounds that a forecast is made of: with fewer, nobody is left out."""

# Ridges of A and B, of matrices whose rows have about unit values; and steps in turn.
_ALPHA, _BETA, _STEPS = 1.0, 1.0, 10
# What is added to a diagonal is no less than so much of its largest value: beside the sizes
# that somebody may send 1 is nothing, and the matrix singular.
_LEAST = 1e-10


def flanders(past: NDArray[np.float64], now: NDArray[np.float64], f: int) -> NDArray[np.bool_]:
    """Keep the n - f contributors whose models are nearest to what was forecast.

    Gabrielli, Belli, Miori, Tolomei, arXiv:2303.16668: anomaly score norm(theta_i,t -
    forecast_i).

    Parameters
    ----------
    past : (T, n, s) float64
        The n contributors' models in T rounds before, at sampled coordinates, oldest first.
    now : (n, s) float64
    f : int
        How many are left out, >= 0; of n <= f one is kept.

    Returns
    -------
    (n,) bool
        All where T < `WINDOW`.

    Examples
    --------
    >>> line = np.arange(1.0, 4.0)[:, None, None] * np.ones((3, 4, 5))
    >>> now = line[-1] + np.array([0.0, 0.0, 9.0, 0.0])[:, None]
    >>> flanders(line[:2], now, 1)
    array([ True,  True, False,  True])
    """
    n = len(now)
    kept = np.ones(n, dtype=bool)
    left = min(f, n - 1)
    if len(past) < WINDOW or left < 1:
        return kept
    away = now - forecast(past)
    most = float(np.abs(away).max(initial=0.0))
    scores = ((away / (most or 1.0)) ** 2).sum(axis=1)
    kept[np.argsort(scores, kind="stable")[n - left :]] = False
    return kept


def forecast(past: NDArray[np.float64]) -> NDArray[np.float64]:
    """Foresee Theta_T+1 = A Theta_T B, with A (n, n) and B (s, s) fitted in turn.

    They minimise sum_t norm(Theta_t+1 - A Theta_t B)**2 + alpha norm(A)**2 + beta norm(B)**2,
    A first the identity.

    Parameters
    ----------
    past : (T, n, s) float64
        T >= 2.

    Returns
    -------
    (n, s) float64

    Examples
    --------
    >>> growing = 2.0 ** np.arange(4)[:, None, None] * np.ones((4, 3, 6))
    >>> bool(np.allclose(forecast(growing), 16.0, rtol=0.1))
    True
    """
    sizes = np.sqrt((past**2).mean(axis=2))
    # Of models that are not zero, as those of a first round can be.
    scale = float(np.median(sizes[sizes > 0])) if sizes.any() else 1.0
    scaled = past / scale
    before, after = scaled[:-1], scaled[1:]
    n, s = past.shape[1:]
    left = np.eye(n)
    for _ in range(_STEPS):
        moved = (left @ before).reshape(-1, s)
        right = _ridge(moved, after.reshape(-1, s))
        turned = before @ right
        normal = _ridged(np.einsum("tis,tjs->ij", turned, turned), _ALPHA)
        left = np.linalg.solve(normal, np.einsum("tis,tjs->ij", turned, after)).T
    found: NDArray[np.float64] = left @ scaled[-1] @ right * scale
    return found


def _ridge(given: NDArray[np.float64], wanted: NDArray[np.float64]) -> NDArray[np.float64]:
    """Solve for B (s, s) of least norm(wanted - given B)**2 + beta norm(B)**2."""
    rows, s = given.shape
    if rows < s:
        inner = np.linalg.solve(_ridged(given @ given.T, _BETA), wanted)
        found: NDArray[np.float64] = given.T @ inner
        return found
    return np.linalg.solve(_ridged(given.T @ given, _BETA), given.T @ wanted)


def _ridged(normal: NDArray[np.float64], ridge: float) -> NDArray[np.float64]:
    most = float(normal.diagonal().max())
    return normal + max(ridge, _LEAST * most) * np.eye(len(normal))
