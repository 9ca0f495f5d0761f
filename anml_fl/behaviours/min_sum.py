"""Min-Sum: as far out as no farther from all together than some honest one is.

Shejwalkar, Houmansadr: Manipulating the Byzantine: optimizing model poisoning attacks and
defenses for federated learning, NDSS 2021.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.behaviour import Behaviour
from anml_fl.behaviours._together import together

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anml_fl.behaviour import Sight


def farthest_by_sum(honest: NDArray[Any]) -> NDArray[Any]:
    """Send mu + gamma p of the largest gamma that the honest sums of distances allow.

    sum_i norm(mu + gamma p - x_i)^2 <= max_i sum_j norm(x_i - x_j)^2, with p = -sigma. Both
    sides hold the same spread around mu, so that gamma = max_i norm(x_i - mu) / norm(p).

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
    >>> farthest_by_sum(np.array([[0.0, 1.0], [2.0, 1.0]]))
    array([0., 1.])
    """
    rows = honest.astype(np.float64)
    mean: NDArray[Any] = rows.mean(axis=0)
    away = -rows.std(axis=0)
    length = float(np.linalg.norm(away))
    if not length:
        return mean
    sent: NDArray[Any] = mean + np.linalg.norm(rows - mean, axis=1).max() / length * away
    return sent


def _sent(update: NDArray[Any], sight: Sight) -> NDArray[Any]:
    return together("min_sum", update, sight, farthest_by_sum)


min_sum = Behaviour(update=_sent)
