"""What credentials are worth: learned from the evidence on the others, and bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.calibrated.log_odds import sigmoid

if TYPE_CHECKING:
    from numpy.typing import NDArray

C = float(np.log(9.0))
"""c: the most that (v, r) can add or take, in nats."""

# What .2 of a signal is worth before anything is learned, in nats, and how sure of it.
_SLOPE, _SPREAD = 1.5, 0.5
_UNIT = 0.2
_PRECISION = np.array([1.0, _SPREAD**-2, _SPREAD**-2])
_FACES = np.array([[1.0, 1, 0], [1, 0, 1], [1, 0, 0]])
_SURE_STEPS, _STEPS, _SMALL = 60, 4, 1e-6
_TINY = 1e-12


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
    owner. A contributor's own verdict never enters its own worth.

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
    slopes = prior[None]
    # Of all: steps that cannot overshoot. Without one it is near by, where Newton's are best.
    for _ in range(_SURE_STEPS):
        before = slopes
        slopes = _stepped(slopes, rows, verdicts, prior, sure=True, left_out=False)
        if np.abs(slopes - before).max() < _SMALL:
            break
    slopes = np.tile(slopes, (n, 1))
    for _ in range(_STEPS):
        slopes = _stepped(slopes, rows, verdicts, prior, sure=False, left_out=True)
    worth = (slopes[:, 1:] * signals).sum(axis=1)
    return np.clip(worth, -c, c), slopes[:, 1:].mean(axis=0) * 0.1 / _UNIT


def _stepped(
    slopes: NDArray[np.float64],
    rows: NDArray[np.float64],
    verdicts: NDArray[np.float64],
    prior: NDArray[np.float64],
    *,
    sure: bool,
    left_out: bool,
) -> NDArray[np.float64]:
    """Maximise a parabola that touches the penalised likelihood, of each row of slopes (k, 3).

    Its curvature is the likelihood's own (Newton), or, where it is to be sure, that of the
    parabola that lies below it everywhere (Jaakkola, Jordan, 2000). With `left_out` row i
    knows nothing of contributor i.
    """
    at = slopes @ rows.T
    found = sigmoid(at)
    if sure:
        half = np.maximum(np.abs(at) / 2.0, _TINY)
        bend = np.tanh(half) / (4.0 * half)
    else:
        bend = found * (1.0 - found)
    missing = verdicts - found
    if left_out:
        np.fill_diagonal(bend, 0.0)
        np.fill_diagonal(missing, 0.0)
    squares = (rows[:, :, None] * rows[:, None, :]).reshape(-1, 9)
    curvature = (bend @ squares).reshape(-1, 3, 3) + np.diag(_PRECISION)
    gradient = missing @ rows - _PRECISION * (slopes - prior)
    return _least(curvature, np.einsum("kij,kj->ki", curvature, slopes) + gradient)


def _least(curvature: NDArray[np.float64], pull: NDArray[np.float64]) -> NDArray[np.float64]:
    """Minimise y^T H y / 2 - b^T y with the last two of y >= 0, by trying which are 0."""
    best = np.linalg.solve(curvature, pull[..., None])[..., 0].astype(np.float64, copy=False)
    # Where no slope would be negative that is it.
    bent = np.flatnonzero((best[:, 1:] < 0).any(axis=1))
    if not bent.size:
        return best
    most = np.full(bent.size, -np.inf)
    for face in _FACES:
        matrix = curvature[bent] * np.outer(face, face) + np.diag(1.0 - face)
        tried = np.linalg.solve(matrix, (pull[bent] * face)[..., None])[..., 0]
        gain = (pull[bent] * tried).sum(axis=1)
        better = (tried[:, 1:] >= 0).all(axis=1) & (gain > most)
        best[bent[better]], most[better] = tried[better], gain[better]
    return best
