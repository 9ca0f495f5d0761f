"""ROP, relocated orthogonal perturbation: round after round at right angles to the momentum.

Ozfatura, Ozfatura, Kupcu, Gunduz: Byzantines can also learn from history: fall of centered
clipping in federated learning, IEEE TIFS 2024. Against centred clipping, which bounds how far
an update lies from its reference, and not in which direction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.behaviour import Behaviour
from anml_fl.behaviours._together import strength_of, together

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anml_fl.behaviour import Sight

# lambda: how much of the reference is the rounds before.
_HISTORY = 0.9


def relocated(
    mean: NDArray[Any], history: NDArray[Any], strength: float
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Give the reference m and a perturbation p at right angles to it; what is sent is m + p.

    m = lambda h + (1 - lambda) mu. p is what is left of (1, ..., 1) at right angles to m, the
    same way in every round, of length strength norm(mu).

    Parameters
    ----------
    mean : (d,) array
        mu, of the honest updates of the round.
    history : (d,) array
        h, in the place of the last round's momentum.
    strength : float
        >= 0.

    Returns
    -------
    tuple
        m and p (d,); p is 0 where there is no other direction.

    Examples
    --------
    >>> m, p = relocated(np.array([1.0, 0.0]), np.array([2.0, 0.0]), 1.0)
    >>> m.round(9), p.round(9)
    (array([1.9, 0. ]), array([0., 1.]))
    """
    reference = _HISTORY * history + (1 - _HISTORY) * mean
    ones = np.ones_like(reference)
    squared = float(reference @ reference)
    away = ones - (float(ones @ reference) / squared if squared else 0.0) * reference
    length = float(np.linalg.norm(away))
    # What rounding leaves is no direction.
    if length <= 1e-6 * ones.size**0.5:
        return reference, np.zeros_like(reference)
    return reference, strength * float(np.linalg.norm(mean)) / length * away


def _sent(update: NDArray[Any], sight: Sight) -> NDArray[Any]:
    """Take the mean step of the rounds before for the momentum: contributors keep nothing."""

    def craft(honest: NDArray[Any]) -> NDArray[Any]:
        mean, rounds = honest.mean(axis=0), sight.round - 1
        history = sight.moved() / rounds if rounds else mean
        reference, away = relocated(mean, history, strength_of(sight, 1.0))
        sent: NDArray[Any] = reference + away
        return sent

    return together("rop", update, sight, craft)


rop = Behaviour(update=_sent)
