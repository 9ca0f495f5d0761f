"""Sign flip: the opposite of what was learned.

Standard; so in ByzFL: Gonzalez, Guerraoui, Pinot, Rizk, Stephan, Taiani, 2025.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anml_fl.behaviour import Behaviour
from anml_fl.behaviours._together import strength_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anml_fl.behaviour import Sight


def _opposite(update: NDArray[Any], sight: Sight) -> NDArray[Any]:
    """Send -strength times the own update; strength is 1 if it is not set."""
    return -strength_of(sight, 1.0) * update


sign_flip = Behaviour(update=_opposite)
