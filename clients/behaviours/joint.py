"""The joint attack: gradient-aligned poison under forged credentials (section 5.12)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clients.behaviours.gradient_aligned import gradient_aligned

if TYPE_CHECKING:
    import numpy as np

    from anml_fl.config import Attacks
    from anml_fl.datasets.prepare import Samples


def joint(samples: Samples, rng: np.random.Generator, attacks: Attacks) -> Samples:
    """Align gradients as `gradient_aligned` does; and show forged credentials."""
    return gradient_aligned(samples, rng, attacks)
