"""ALIE: a little below the honest mean, in every coordinate.

Baruch, Baruch, Goldberg: A little is enough: circumventing defenses for distributed learning,
NeurIPS 2019.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from anml_fl.behaviour import Behaviour
from anml_fl.behaviours._together import strength_of, together

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anml_fl.behaviour import Sight


def deviations(contributors: int, attackers: int) -> float:
    """Tell how far attackers can go unseen: z of the paper's Algorithm 3.

    z = Phi^-1((n - f - s) / (n - f)), where s = floor(n / 2 + 1) - f honest contributors must
    lie farther out for the attackers to be a majority with them.

    Parameters
    ----------
    contributors, attackers : int
        n and f.

    Returns
    -------
    float
        In standard deviations, >= 0. Where the attackers need nobody, s is 1; 0 where they
        need half of the honest or more.

    Examples
    --------
    >>> round(deviations(25, 5), 3), round(deviations(50, 24), 3)
    (0.253, 1.426)
    >>> deviations(4, 1)
    0.0
    """
    honest = contributors - attackers
    needed = max(1, contributors // 2 + 1 - attackers)
    if 2 * needed >= honest:
        return 0.0
    return NormalDist().inv_cdf((honest - needed) / honest)


def little_below(honest: NDArray[Any], z: float) -> NDArray[Any]:
    """Go z standard deviations below the mean in each coordinate: mu - z sigma.

    Parameters
    ----------
    honest : (m, d) array
        m >= 1 updates; sigma is that of these m, not an estimate for others.
    z : float

    Examples
    --------
    >>> import numpy as np
    >>> little_below(np.array([[0.0, 5.0], [2.0, 5.0]]), 1.5)
    array([-0.5,  5. ])
    """
    sent: NDArray[Any] = honest.mean(axis=0) - z * honest.std(axis=0)
    return sent


def usual(sight: Sight) -> float:
    """Take z as it is set, or else as `deviations` has it."""
    return strength_of(sight, deviations(sight.contributors, sight.attackers))


def _sent(update: NDArray[Any], sight: Sight) -> NDArray[Any]:
    return together("alie", update, sight, lambda honest: little_below(honest, usual(sight)))


alie = Behaviour(update=_sent)
