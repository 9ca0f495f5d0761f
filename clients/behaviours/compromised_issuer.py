"""Gradient-aligned poison under credentials that a compromised issuer really signed.

The paper's joint attack (section 5.12), where faked credentials are believed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from clients.behaviours.gradient_aligned import gradient_aligned

if TYPE_CHECKING:
    import numpy as np

    from anml_fl.config import Attacks
    from anml_fl.datasets.prepare import Samples


def compromised_issuer(
    samples: Samples, rng: np.random.Generator, attacks: Attacks
) -> Samples:
    """Align gradients as `gradient_aligned` does; a trusted issuer vouches for it."""
    return gradient_aligned(samples, rng, attacks)
