"""Gaussian noise in the place of an update.

Blanchard, El Mhamdi, Guerraoui, Stainer: Machine learning with adversaries, NeurIPS 2017.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anml_fl.behaviour import Behaviour
from anml_fl.behaviours._together import strength_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anml_fl.behaviour import Sight


def _noise(update: NDArray[Any], sight: Sight) -> NDArray[Any]:
    """Draw each coordinate from N(0, strength^2), in the model's units; 1 if it is not set."""
    sent: NDArray[Any] = sight.rng.normal(0.0, strength_of(sight, 1.0), update.shape)
    return sent


gaussian = Behaviour(update=_noise)
