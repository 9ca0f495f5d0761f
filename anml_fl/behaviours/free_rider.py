"""A free rider: trains nothing, and sends what the model did of late, with some noise.

Lin, Du, Liu: Free-riders in federated learning: attacks and defenses, 2019; Fraboni, Vidal,
Lorenzi: Free-rider attacks on model aggregation in federated learning, AISTATS 2021.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.behaviour import Behaviour
from anml_fl.behaviours._jitter import jittered
from anml_fl.behaviours._together import strength_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anml_fl.behaviour import Sight


def _idle(update: NDArray[Any], sight: Sight) -> NDArray[Any]:
    """Send strength times the mean step of the rounds before, and noise of a share of it.

    Of its own training nothing goes into it. In the first round, and with a strength of 0, it
    sends the model back as it came.
    """
    rounds = sight.round - 1
    step = sight.moved() / rounds if rounds else np.zeros_like(update)
    return jittered(strength_of(sight, 1.0) * step, sight)


free_rider = Behaviour(update=_idle)
