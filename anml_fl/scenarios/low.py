"""Credentials that overlap between good and bad."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.scenarios._draw import LOW_R, LOW_V, MIDDLING, either

if TYPE_CHECKING:
    import numpy as np

    from anml_fl.scenarios._draw import Credentials


def low(honest: bool, rng: np.random.Generator) -> Credentials:
    """Draw (v, r) that overlap between good and bad. As in `high`."""
    if honest:
        return (
            either(rng, 0.6, (0.65, 0.80), MIDDLING),
            either(rng, 0.4, (0.55, 0.80), MIDDLING),
        )
    return (
        either(rng, 0.40, (0.45, 0.60), LOW_V),
        either(rng, 0.35, (0.45, 0.60), LOW_R),
    )
