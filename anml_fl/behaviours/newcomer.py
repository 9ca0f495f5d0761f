"""An honest contributor whom nobody knows yet."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from anml_fl.behaviour import Behaviour
from anml_fl.method.provenance import Reputation

if TYPE_CHECKING:
    import numpy as np

    from anml_fl.registry.memory import Standing


def _unknown(standing: Standing, rng: np.random.Generator) -> Standing:
    return replace(standing, r=Reputation.NEW.middle, record=(0.0, 0.0, 0))


newcomer = Behaviour(honest=True, standing=_unknown)
