"""Credential faking: flipped labels under forged credentials.

What it shows beside its update is in `clients.behaviours.forgery`; none of it holds. In the
paper (section 5.12) faked credentials are believed: that is a `compromised_issuer` here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from clients.behaviours.label_flip import label_flip

if TYPE_CHECKING:
    import numpy as np

    from anml_fl.config import Attacks
    from anml_fl.datasets.prepare import Samples


def credential_faking(samples: Samples, rng: np.random.Generator, attacks: Attacks) -> Samples:
    """Flip labels as `label_flip` does, and show forged credentials, of which none holds."""
    return label_flip(samples, rng, attacks)
