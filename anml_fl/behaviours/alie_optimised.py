"""ALIE with the z that harms the rule under attack most, where the attackers know the rule.

Baruch et al. 2019; the search as in `_optimised`. Without knowledge of the rule it is `alie`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anml_fl.behaviour import Behaviour
from anml_fl.behaviours._optimised import most_harmful
from anml_fl.behaviours._together import together
from anml_fl.behaviours.alie import little_below, usual

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anml_fl.behaviour import Sight


def _sent(update: NDArray[Any], sight: Sight) -> NDArray[Any]:
    def craft(honest: NDArray[Any]) -> NDArray[Any]:
        z = most_harmful(
            lambda factor: little_below(honest, factor),
            sight.aggregate,
            honest.mean(axis=0),
            usual(sight),
        )
        return little_below(honest, z)

    return together("alie_optimised", update, sight, craft)


alie_optimised = Behaviour(update=_sent)
