"""Attackers who train as the honest do, see what these send, and send something else.

Each is omniscient: it knows the honest updates of the round, as the literature has it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.behaviour import Behaviour

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anml_fl.behaviour import Sight

    Update = NDArray[Any]

# Standard deviations that a little is: what Baruch et al. have for groups of this size.
_LITTLE = 1.5
# Halvings of the interval in which the largest step lies.
_HALVINGS = 12
_FARTHEST = 20.0


def reversed_update(update: Update, sight: Sight) -> Update:
    """Send twice the update's opposite."""
    return -2 * update


def a_little(update: Update, sight: Sight) -> Update:
    """Stay 1.5 standard deviations below the honest mean in each coordinate.

    Baruch, Baruch, Goldberg: A little is enough, NeurIPS 2019.
    """
    honest = sight.others()
    sent: Update = honest.mean(axis=0) - _LITTLE * honest.std(axis=0)
    return sent


def negative_mean(update: Update, sight: Sight) -> Update:
    """Send the opposite of the honest mean: its inner product with that is negative.

    Xie, Koyejo, Gupta: Fall of empires, UAI 2019.
    """
    sent: Update = -sight.others().mean(axis=0)
    return sent


def farthest_unseen(update: Update, sight: Sight) -> Update:
    """Go as far against the honest spread as no farther from anybody than the honest are.

    Min-max of Shejwalkar, Houmansadr: Manipulating the Byzantine, NDSS 2021.
    """
    honest = sight.others()
    centre, away = honest.mean(axis=0), -honest.std(axis=0)
    between = max(float(np.linalg.norm(honest - one, axis=1).max()) for one in honest)
    low, high = 0.0, _FARTHEST
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        apart = np.linalg.norm(honest - (centre + middle * away), axis=1).max()
        low, high = (middle, high) if apart <= between else (low, middle)
    sent: Update = centre + low * away
    return sent


def copied(update: Update, sight: Sight) -> Update:
    """Send what the first honest contributor sends, whom this makes too weighty.

    Mimic of Karimireddy, He, Jaggi: Byzantine-robust learning on heterogeneous datasets, ICLR
    2022.
    """
    sent: Update = sight.others()[0]
    return sent


sign_flip = Behaviour(update=reversed_update)
alie = Behaviour(update=a_little)
ipm = Behaviour(update=negative_mean)
min_max = Behaviour(update=farthest_unseen)
mimic = Behaviour(update=copied)
