"""How the attackers of FLANDERS' table attack: models in the place of models.

By the authors' code in Flower's baseline `flanders` (`attacks.py`), which differs from the
papers that the attacks are named after: each knows what all clients would send, the attackers'
own honest models among them.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.method.blockwise_krum import scores_of_distances
from studies.published.by_distances import squared

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Models = NDArray[np.float32]
    Model = NDArray[np.float64]
    Mask = NDArray[np.bool_]

_MAGNITUDE = 10.0
# Of Fang's step: as far as it goes, and below what nothing is gained.
_LONGEST, _SHORTEST = 999.0, 1e-5
# Of Min-Max: the first factor and the first step of its search; what is sent if none is small
# enough.
_FACTOR, _STEP, _OTHERWISE = 5.0, 2.5, 6.0


def noisy(models: Models, rng: np.random.Generator) -> Models:
    """Add noise of a standard deviation of 10 to each coordinate.

    Examples
    --------
    >>> noisy(np.zeros((1, 10_000), np.float32), np.random.default_rng(0)).std().round()
    np.float32(10.0)
    """
    noise = rng.standard_normal(models.shape, np.float32)
    sent: Models = models + np.float32(_MAGNITUDE) * noise
    return sent


def far_below(models: Models, hostile: int) -> Model:
    """Go below the mean by z roots of the standard deviation.

    z = Phi((n - f - s) / (n - f)), where s = floor(n / 2 + 1) - f. The paper takes Phi's
    inverse and the deviation itself, which, of weights, is far smaller than its root.

    Parameters
    ----------
    models : (n, d) float32
    hostile : int
        f < n.

    Examples
    --------
    >>> far_below(np.array([[0.0], [0.02]] * 5, np.float32), 2).round(3)
    array([-0.059])
    """
    n = len(models)
    needed = n // 2 + 1 - hostile
    z = NormalDist().cdf((n - hostile - needed) / (n - hostile))
    sent: Model = models.mean(0, np.float64) - z * np.sqrt(models.std(0, dtype=np.float64))
    return sent


def step_back(models: Models, hostile: Mask, start: Models, blocks: Sequence[slice]) -> Model:
    """Go back from a model, against the signs of its weights, as far as Krum takes it.

    Parameters
    ----------
    models : (n, d) float32
    hostile : (n,) bool
        f of them.
    start : (d,) float32
        What they go back from: the baseline's is one client's model of the first round.
    blocks : sequence of slice
        Weights and biases, one after the other.

    Examples
    --------
    The others are far from each other, and from 1 as well, so that Krum takes two copies:

    >>> models = np.array([[1.0], [9.0], [20.0], [0.0], [0.0]], np.float32)
    >>> hostile = np.array([False, False, False, True, True])
    >>> bool(step_back(models, hostile, models[0], [slice(0, 1)])[0] < 0)
    True
    """
    n, f = len(models), max(2, int(hostile.sum()))
    distances = squared(models)
    nearest = scores_of_distances(distances, n_byzantine=f)[~hostile].min()
    away = (models[~hostile] - start).astype(np.float64)
    length = sum(np.linalg.norm(away[:, block], axis=1) for block in blocks)
    sides = np.sqrt(len(blocks))
    step = nearest / ((n - 2) * (f - 1) * sides) + float(np.max(length) ** 2) / sides
    step = min(step, _LONGEST)
    sign = np.sign(start).astype(np.float64)
    near, along, most = np.einsum("ij,ij->i", away, away), away @ sign, sign @ sign
    distances[np.ix_(hostile, hostile)] = 0.0
    while True:
        to_honest = near + 2 * step * along + step**2 * most
        distances[np.ix_(~hostile, hostile)] = to_honest[:, None]
        distances[np.ix_(hostile, ~hostile)] = to_honest
        taken = scores_of_distances(distances, n_byzantine=f).argmin()
        if hostile[taken] or step <= _SHORTEST:
            sent: Model = start - step * sign
            return sent
        step /= 2


def far_enough(models: Models, hostile: Mask) -> Model:
    """Go below the mean by as many deviations as leave it no farther than the honest are.

    Parameters
    ----------
    models : (n, d) float32
    hostile : (n,) bool

    Returns
    -------
    (d,) float64
        By 2.5 to 7.5 deviations: that is how far the baseline's search goes.

    Examples
    --------
    >>> models = np.array([[-9.0], [9.0], [0.0], [0.0]], np.float32)
    >>> far_enough(models, np.array([False, False, True, True])).round(1)
    array([-38.2])
    """
    mean, spread = models.mean(0, np.float64), models.std(0, dtype=np.float64)
    away = mean - models[~hostile]
    near, along, most = np.einsum("ij,ij->i", away, away), away @ spread, spread @ spread
    room = squared(models)[np.ix_(~hostile, ~hostile)].max()
    factor, step, found = _FACTOR, _STEP, _OTHERWISE
    while abs(found - factor) > _SHORTEST and step > _SHORTEST:
        fits = (near - 2 * factor * along + factor**2 * most).max() < room
        if fits:
            found = factor
        factor += step / 2 if fits else -step / 2
        step /= 2
    sent: Model = mean - found * spread
    return sent


def attacked(
    attack: str,
    models: Models,
    hostile: Mask,
    start: Models,
    blocks: Sequence[slice],
    rng: np.random.Generator,
) -> Models:
    """Put what the hostile send in the place of their models.

    Parameters
    ----------
    attack : {"gaussian", "alie", "fang_krum", "min_max"}
    models : (n, d) float32
        Trained honestly by all.
    hostile : (n,) bool
        At least one.
    start, blocks
        As `step_back` has them.
    rng : numpy.random.Generator
    """
    sent = models.copy()
    made: NDArray[Any]
    if attack == "gaussian":
        made = noisy(models[hostile], rng)
    elif attack == "alie":
        made = far_below(models, int(hostile.sum()))
    elif attack == "fang_krum":
        made = step_back(models, hostile, start, blocks)
    else:
        made = far_enough(models, hostile)
    sent[hostile] = made
    return sent
