"""The factor of an attack that harms the rule under attack most.

ByzFL's protocol: Gonzalez, Guerraoui, Pinot, Rizk, Stephan, Taiani, 2025; after Shejwalkar,
Houmansadr: Manipulating the Byzantine, NDSS 2021.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Update = NDArray[Any]

# Thirteen factors from .01 to 100, and six between the best one's neighbours.
_COARSE = np.geomspace(0.01, 100.0, 13)
_FINE = 6


def most_harmful(
    craft: Callable[[float], Update],
    aggregate: Callable[[Update], Update | None],
    honest_mean: Update,
    usual: float,
) -> float:
    """Search for the factor that takes the rule's output farthest from the honest mean.

    Parameters
    ----------
    craft : callable
        From a factor, >= 0, to the update (d,) that all attackers send.
    aggregate : callable
        What the rule makes of that beside the honest updates; None if it cannot be known.
    honest_mean : (d,) array
    usual : float
        The factor of the attack that is not optimised. It is tried as well, so that the one
        that is found is never less harmful.

    Returns
    -------
    float
        The best of twenty factors; `usual` where what the rule does cannot be known.

    Examples
    --------
    A rule that drops what is longer than 3, and else takes it:

    >>> def rule(sent):
    ...     return sent if abs(sent[0]) <= 3 else np.zeros(1)
    >>> bool(2.5 < most_harmful(lambda t: np.array([t]), rule, np.zeros(1), usual=1.0) <= 3)
    True
    """

    def harm(factor: float) -> float:
        with np.errstate(over="ignore", invalid="ignore"):
            made = aggregate(craft(factor))
            far = -1.0 if made is None else float(np.linalg.norm(made - honest_mean))
        return far if np.isfinite(far) else -1.0

    best, most = usual, harm(usual)
    if most < 0:
        return usual
    harms = [harm(float(factor)) for factor in _COARSE]
    place = int(np.argmax(harms))
    if harms[place] > most:
        best, most = float(_COARSE[place]), harms[place]
    around = float(_COARSE[1] / _COARSE[0])
    for factor in np.geomspace(best / around, best * around, _FINE + 2)[1:-1] if best else ():
        if (found := harm(float(factor))) > most:
            best, most = float(factor), found
    return best
