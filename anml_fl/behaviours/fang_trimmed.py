"""Fang's attack on the trimmed mean: in each coordinate just beyond the honest, backwards.

Fang, Cao, Jia, Gong: Local model poisoning attacks to Byzantine-robust federated learning,
USENIX Security 2020, section 4.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.behaviour import Behaviour
from anml_fl.behaviours._together import known_updates, strength_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anml_fl.behaviour import Sight

_USUAL = 2.0


def beyond(honest: NDArray[Any], b: float, rng: np.random.Generator) -> NDArray[Any]:
    """Draw each coordinate beyond the honest, on the side that their mean turns away from.

    Where the mean falls, between the honest maximum and b times it, or, if it is negative,
    a b-th of it; where it rises, likewise below the minimum.

    Parameters
    ----------
    honest : (m, d) array
        m >= 1.
    b : float
        >= 1: how far; the paper's is 2.
    rng : numpy.random.Generator

    Returns
    -------
    (d,) array

    Examples
    --------
    >>> rows = np.array([[1.0, -3.0], [2.0, -1.0]])
    >>> x, y = beyond(rows, 2.0, np.random.default_rng(0))
    >>> bool(0.5 <= x <= 1.0), bool(-1.0 <= y <= -0.5)
    (True, True)
    """
    falls = honest.mean(axis=0) < 0
    edge = np.where(falls, honest.max(axis=0), honest.min(axis=0))
    # Away from zero if the edge lies on the side that it is to go to.
    outwards = (edge > 0) == falls
    far = np.where(outwards, edge * b, edge / b)
    sent: NDArray[Any] = edge + rng.random(edge.shape) * (far - edge)
    return sent


def _sent(update: NDArray[Any], sight: Sight) -> NDArray[Any]:
    rows = known_updates(update, sight)
    return beyond(rows, max(1.0, strength_of(sight, _USUAL)), sight.rng)


fang_trimmed = Behaviour(update=_sent)
