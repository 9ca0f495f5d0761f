"""Noise that makes copies differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anml_fl.behaviour import Sight


def jittered(update: NDArray[Any], sight: Sight) -> NDArray[Any]:
    """Add normal noise, about `attacks.jitter` times as long as the update."""
    each = sight.attacks.jitter * float(np.linalg.norm(update)) / max(update.size, 1) ** 0.5
    sent: NDArray[Any] = update + sight.rng.normal(0.0, each, update.shape)
    return sent
