"""IPM, inner-product manipulation: against the honest mean.

Xie, Koyejo, Gupta: Fall of empires: breaking Byzantine-tolerant SGD by inner product
manipulation, UAI 2019.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anml_fl.behaviour import Behaviour
from anml_fl.behaviours._together import strength_of, together

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anml_fl.behaviour import Sight

USUAL = 0.1
"""epsilon of the paper against Krum; 100 is its other one, against the median."""


def against_mean(honest: NDArray[Any], epsilon: float) -> NDArray[Any]:
    """Send -epsilon times the honest mean: their inner product is not positive.

    Parameters
    ----------
    honest : (m, d) array
        m >= 1.
    epsilon : float
        >= 0.

    Examples
    --------
    >>> import numpy as np
    >>> against_mean(np.array([[0.0, 5.0], [2.0, 5.0]]), 0.1)
    array([-0.1, -0.5])
    """
    sent: NDArray[Any] = -epsilon * honest.mean(axis=0)
    return sent


def _sent(update: NDArray[Any], sight: Sight) -> NDArray[Any]:
    epsilon = strength_of(sight, USUAL)
    return together("ipm", update, sight, lambda honest: against_mean(honest, epsilon))


ipm = Behaviour(update=_sent)
