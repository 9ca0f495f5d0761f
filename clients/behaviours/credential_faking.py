"""Credential faking: flipped labels under forged credentials (section 5.12).

The forgery itself is in what the registry was made to believe; a client never states
its own v or r.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from clients.behaviours.label_flip import label_flip

if TYPE_CHECKING:
    import numpy as np

    from anml_fl.config import Attacks
    from anml_fl.datasets.prepare import Samples


def credential_faking(samples: Samples, rng: np.random.Generator, attacks: Attacks) -> Samples:
    """Flip labels as `label_flip` does; the registry holds forged, high v and r.

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
