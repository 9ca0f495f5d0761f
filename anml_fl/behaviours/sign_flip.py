"""Sign flip: the opposite of what was learned.

Allen-Zhu, Ebrahimianghazani, Li, Alistarh: Byzantine-resilient non-convex SGD,
ICLR 2021, and standard since. What ByzFL calls so is the opposite of the honest mean: `ipm` of
strength 1.
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
