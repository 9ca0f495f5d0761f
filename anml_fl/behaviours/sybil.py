"""Sybils: many contributors who are one, and send copies of one poisoned update.

Douceur: The Sybil attack, IPTPS 2002; in federations Fung, Yoon, Beschastnikh: The limitations
of federated learning in Sybil settings, RAID 2020.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anml_fl.behaviour import Behaviour
from anml_fl.behaviours._jitter import jittered
from anml_fl.behaviours._together import strength_of, together
from anml_fl.behaviours.ipm import against_mean

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anml_fl.behaviour import Sight


def _copied(update: NDArray[Any], sight: Sight) -> NDArray[Any]:
    """Send -strength times the mean that they know; each adds noise of its own."""
    strength = strength_of(sight, 1.0)
    one = together("sybil", update, sight, lambda honest: against_mean(honest, strength))
    return jittered(one, sight)


sybil = Behaviour(update=_copied)
