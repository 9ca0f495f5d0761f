"""An honest contributor: it trains on what it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from anml_fl.config import Attacks
    from anml_fl.datasets.prepare import Samples


def honest(samples: Samples, rng: np.random.Generator, attacks: Attacks) -> Samples:
    """Return the samples unchanged.

    Parameters
    ----------
    samples : Samples
    rng : numpy.random.Generator
        Not used.
    attacks : Attacks
        Not used.
    """
    return samples
