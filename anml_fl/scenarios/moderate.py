"""Credentials with some noise: the paper's primary scenario."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.scenarios._draw import LOW_R, LOW_V, MIDDLING, either

if TYPE_CHECKING:
    import numpy as np

    from anml_fl.scenarios._draw import Credentials


def moderate(honest: bool, rng: np.random.Generator) -> Credentials:
    """Draw (v, r) with some noise: the paper's primary scenario. As in `high`."""
    if honest:
        return (
            either(rng, 0.7, (0.70, 0.85), MIDDLING),
            either(rng, 0.5, (0.65, 0.85), MIDDLING),
        )
    return (
        either(rng, 0.20, (0.40, 0.55), LOW_V),
        either(rng, 0.25, (0.40, 0.55), LOW_R),
    )
