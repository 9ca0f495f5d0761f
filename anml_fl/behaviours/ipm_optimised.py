"""IPM with the epsilon that harms the rule under attack most, where attackers know the rule.

Xie et al. 2019; the search as in `_optimised`. Without knowledge of the rule it is `ipm`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anml_fl.behaviour import Behaviour
from anml_fl.behaviours._optimised import most_harmful
from anml_fl.behaviours._together import strength_of, together
from anml_fl.behaviours.ipm import USUAL, against_mean

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anml_fl.behaviour import Sight


def _sent(update: NDArray[Any], sight: Sight) -> NDArray[Any]:
    def craft(honest: NDArray[Any]) -> NDArray[Any]:
        epsilon = most_harmful(
            lambda factor: against_mean(honest, factor),
            sight.aggregate,
            honest.mean(axis=0),
            strength_of(sight, USUAL),
        )
        return against_mean(honest, epsilon)

    return together("ipm_optimised", update, sight, craft)


ipm_optimised = Behaviour(update=_sent)
