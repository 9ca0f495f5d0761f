"""Min-Max: as far out as no farther from anybody than the honest are from each other.

Shejwalkar, Houmansadr: Manipulating the Byzantine: optimizing model poisoning attacks and
defenses for federated learning, NDSS 2021.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.behaviour import Behaviour
from anml_fl.behaviours._together import together
from anml_fl.method.distances import squared_distances

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anml_fl.behaviour import Sight


def farthest_by_maximum(honest: NDArray[Any]) -> NDArray[Any]:
    """Send mu + gamma p of the largest gamma that the honest diameter allows.

    max_i norm(mu + gamma p - x_i) <= max_ij norm(x_i - x_j), with p = -sigma, the inverse
    standard deviation of the paper. For each i this is a quadratic in gamma, whose root is
    taken where the paper halves an interval.

    Parameters
    ----------
    honest : (m, d) array
        m >= 1.

    Returns
    -------
    (d,) float64
        mu where the honest do not differ.

    Examples
    --------
    >>> farthest_by_maximum(np.array([[0.0], [2.0]]))
    array([0.])
    """
    rows = honest.astype(np.float64)
    mean: NDArray[Any] = rows.mean(axis=0)
    away = -rows.std(axis=0)
    length = float(away @ away)
    if not length:
        return mean
    back = mean - rows
    slope, near = back @ away, np.einsum("ij,ij->i", back, back)
    room = float(squared_distances(rows).max()) - near
    steps = (np.sqrt(slope**2 + length * np.maximum(room, 0.0)) - slope) / length
    sent: NDArray[Any] = mean + max(float(steps.min()), 0.0) * away
    return sent


def _sent(update: NDArray[Any], sight: Sight) -> NDArray[Any]:
    return together("min_max", update, sight, farthest_by_maximum)


min_max = Behaviour(update=_sent)
