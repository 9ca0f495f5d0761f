"""FLANDERS: leave out whose model a matrix autoregression did not foresee."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from anml_fl.method.threads import one_thread

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

SAMPLED = 500
"""Coordinates that are looked at."""

WINDOW = 2
"""Rounds that a forecast is made of: with fewer, nobody is left out."""

# The ridge of A and of B, of matrices whose rows have about unit values; and steps in turn.
_RIDGE, _STEPS = 1.0, 10
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
    away = now - forecast(past[-WINDOW:])
    most = float(np.abs(away).max(initial=0.0))
    scores = ((away / (most or 1.0)) ** 2).sum(axis=1)
    kept[np.argsort(scores, kind="stable")[n - left :]] = False
    return kept


def forecast(past: NDArray[np.float64]) -> NDArray[np.float64]:
    """Foresee Theta_3 = A Theta_2 B, with A (n, n) and B (s, s) fitted in turn.

    They minimise norm(Theta_2 - A Theta_1 B)**2 + norm(A)**2 + norm(B)**2, A first the
    identity; by inner products of rows, so that B is never there.

    Parameters
    ----------
    past : (2, n, s) float64
        Theta_1 and Theta_2.

    Returns
    -------
    (n, s) float64

    Examples
    --------
    >>> growing = 2.0 ** np.arange(2)[:, None, None] * np.ones((2, 3, 6))
    >>> bool(np.allclose(forecast(growing), 4.0, rtol=0.1))
    True
    """
    sizes = np.sqrt((past**2).mean(axis=2))
    # Of models that are not zero, as those of a first round can be.
    scale = float(np.median(sizes[sizes > 0])) if sizes.any() else 1.0
    with one_thread():
        before, after = torch.from_numpy(past / scale)
        inner, wanted = before @ before.T, after @ after.T
        left = last = torch.eye(len(before), dtype=torch.float64)
        kernel = _ridged(inner)
        for _ in range(_STEPS):
            # B = (A Theta_1)^T K^-1 Theta_2, and Theta_1 B = moved Theta_2.
            last = left
            kernel = _ridged(last @ inner @ last.T)
            moved = torch.linalg.solve(kernel, last @ inner).T
            normal = _ridged(moved @ wanted @ moved.T)
            left = torch.linalg.solve(normal, moved @ wanted).T
        turned = after @ before.T @ last.T @ torch.linalg.solve(kernel, after)
        found: NDArray[np.float64] = (left @ turned * scale).numpy()
    return found


def _ridged(normal: Tensor) -> Tensor:
    most = float(normal.diagonal().max())
    return normal + max(_RIDGE, _LEAST * most) * torch.eye(len(normal), dtype=normal.dtype)
