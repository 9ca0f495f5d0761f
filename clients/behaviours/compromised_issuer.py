"""Wrong labels under credentials that a compromised issuer really signed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clients.behaviours.label_flip import label_flip

if TYPE_CHECKING:
    import numpy as np

    from anml_fl.config import Attacks
    from anml_fl.datasets.prepare import Samples


def compromised_issuer(
    samples: Samples, rng: np.random.Generator, attacks: Attacks
) -> Samples:
    """Flip labels as `label_flip` does; an issuer whom the registry trusts vouches for it.

    Parameters
    ----------
    samples : Samples
    rng : numpy.random.Generator
    attacks : Attacks

    Returns
    -------
    Samples
    """
    return label_flip(samples, rng, attacks)
