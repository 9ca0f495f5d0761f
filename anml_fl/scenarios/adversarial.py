"""Credentials of the bad that look better than those of the good, for 40 % of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.scenarios._draw import LOW_R, LOW_V, MIDDLING, either

if TYPE_CHECKING:
    import numpy as np

    from anml_fl.scenarios._draw import Credentials


def adversarial(honest: bool, rng: np.random.Generator) -> Credentials:
    """Draw (v, r) where 40 % of the bad look better than the good. As in `high`."""
    if honest:
        return either(rng, 0.55, (0.50, 0.70), MIDDLING), rng.uniform(0.4, 0.6)
    if rng.random() < 0.4:
        return rng.uniform(0.65, 0.85), rng.uniform(0.60, 0.80)
    return rng.uniform(*LOW_V), rng.uniform(*LOW_R)
