"""Statistical mimicry: honest in its statistics, with a drift that grows.

Younesi, Kiss, Najafabadi Samani, Aznar Poveda, Fahringer: FLARE: adaptive multi-dimensional
reputation for robust client reliability in federated learning, 2025 (arXiv 2511.14715).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.behaviour import Behaviour
from anml_fl.behaviours._together import known_updates, strength_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anml_fl.behaviour import Sight

# alpha, the drift of the first round, and by how much it grows: those of the authors' program.
_ALPHA = 0.5
_FIRST = 0.1
_GROWTH = 1.2


def drift(server_round: int, most: float) -> float:
    """Tell how far the drift goes in a round: .1, growing by a fifth a round up to the most.

    Parameters
    ----------
    server_round : int
        From 1.
    most : float
        >= 0.

    Examples
    --------
    >>> drift(1, 1.0), round(drift(3, 1.0), 3), drift(400, 1.0)
    (0.1, 0.144, 1.0)
    """
    # 1.2^200 is beyond any model's size, and still a number.
    return min(_FIRST * _GROWTH ** min(server_round - 1, 200), most)


def blended(
    update: NDArray[Any], honest: NDArray[Any], noise: NDArray[Any], away: NDArray[Any]
) -> NDArray[Any]:
    """Send (1 - alpha) g + alpha (mu + sigma e) + delta u, with alpha = 1/2.

    Parameters
    ----------
    update : (d,) array
        g, its own honest update.
    honest : (m, d) array
        Of which mu and sigma are taken; m >= 1.
    noise : (d,) array
        e, of standard normal numbers.
    away : (d,) array
        delta u, the drift.

    Examples
    --------
    >>> honest = np.array([[0.0, 5.0], [2.0, 5.0]])
    >>> blended(np.array([3.0, 3.0]), honest, np.array([1.0, 1.0]), np.zeros(2))
    array([2.5, 4. ])
    """
    alike = honest.mean(axis=0) + honest.std(axis=0) * noise
    sent: NDArray[Any] = (1 - _ALPHA) * update + _ALPHA * alike + away
    return sent


def _sent(update: NDArray[Any], sight: Sight) -> NDArray[Any]:
    """Drift one way, the same for all attackers and rounds, as a share of the own length."""
    rows = known_updates(update, sight)
    noise = sight.rng.standard_normal(update.shape)
    way = sight.lasting().standard_normal(update.shape)
    far = drift(sight.round, strength_of(sight, 1.0)) * float(np.linalg.norm(update))
    return blended(update, rows, noise, far / max(float(np.linalg.norm(way)), 1e-12) * way)


mimicry = Behaviour(update=_sent)
