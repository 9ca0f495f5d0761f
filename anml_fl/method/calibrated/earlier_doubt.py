"""Evidence of earlier doubt: whom evidence left out comes back slowly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.calibrated.credential_worth import C
from anml_fl.method.calibrated.judging import BASE, KEPT

if TYPE_CHECKING:
    from numpy.typing import NDArray

EARLIER_DOUBT = "earlier doubt"
"""Its name in records, of rounds in which it holds somebody back."""

FADING = 0.25
"""delta: nats that doubt fades by in a round."""

_LINE = KEPT - BASE


def doubt(llr: NDArray[np.float64], doubted: NDArray[np.float64]) -> NDArray[np.float64]:
    """Tell whom to hold back in the next round, d_i, in nats, <= 0.

    e_i = l_i - line is what evidence has beyond what keeps a contributor. Doubt begins where
    e_i <= -c, which no credential buys back: an honest contributor is often a little below the
    line, and seldom so far. It ends once e_i >= 0. Until then d_i = e_i.

    Parameters
    ----------
    llr : (n,) float64
        l, as of `judging.summed`.
    doubted : (n,) float64
        d of the round before; 0 where nothing is known.

    Examples
    --------
    >>> doubt(np.array([3.0, -4.0, -4.0, -6.0]), np.array([-1.0, -1.0, 0.0, 0.0])).round(2)
    array([ 0.  , -1.77,  0.  , -3.77])
    """
    e = llr - _LINE
    found: NDArray[np.float64] = np.where((e <= -C) | (doubted < 0), np.minimum(e, 0.0), 0.0)
    return found


def earlier_doubt(
    total: NDArray[np.float64], doubted: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Hold back whom the round before doubted: l_i <= line + d_i + delta, where d_i < 0.

    Once a model has learned what there is to learn, honest updates pull against each other
    about a point where they cancel out, and wrong labels only soften a model that is too sure
    of itself: a round then says little of whose labels are right. Rounds that said it are
    therefore not outvoted at once. It takes 16 rounds to come back from -6 nats. Trust has no
    such memory: whoever turns is doubted in that round.

    Known failure: an honest contributor that was doubted by mistake comes back as slowly.

    Parameters
    ----------
    total : (n,) float64
        Sum of a round's evidence, in nats.
    doubted : (n,) float64
        d of the round before, as of `doubt`; 0 where nothing is known.

    Returns
    -------
    (n,) float64
        What is added to the sum, in nats, <= 0.

    Examples
    --------
    >>> earlier_doubt(np.array([4.0, 4.0, -5.0]), np.array([0.0, -1.0, -1.0])).round(2)
    array([ 0.  , -6.98,  0.  ])
    """
    most = np.where(doubted < 0, _LINE + doubted + FADING, np.inf)
    found: NDArray[np.float64] = np.minimum(most - total, 0.0)
    return found
