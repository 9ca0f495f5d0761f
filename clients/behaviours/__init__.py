"""What a contributor does to its data before training, by name: one file each.

A behaviour is a pure function of (samples, rng, settings).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.config import ConfigError
from clients.behaviours.compromised_issuer import compromised_issuer
from clients.behaviours.credential_faking import credential_faking
from clients.behaviours.gradient_aligned import gradient_aligned
from clients.behaviours.honest import honest
from clients.behaviours.joint import joint
from clients.behaviours.label_flip import label_flip

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np

    from anml_fl.config import Attacks
    from anml_fl.datasets.prepare import Samples

    Behaviour = Callable[[Samples, np.random.Generator, Attacks], Samples]

BEHAVIOURS: Mapping[str, Behaviour] = {
    "honest": honest,
    "label_flip": label_flip,
    "gradient_aligned": gradient_aligned,
    "credential_faking": credential_faking,
    "compromised_issuer": compromised_issuer,
    "joint": joint,
}


def behaviour(name: str) -> Behaviour:
    """Look a behaviour up.

    Returns
    -------
    callable
        (samples, rng, settings) -> samples.

    Raises
    ------
    ConfigError
        If the name is unknown; it lists the known ones.

    Examples
    --------
    >>> behaviour("hones")
    Traceback (most recent call last):
    anml_fl.config.ConfigError: unknown behaviour 'hones'; known: honest, label_flip, \
gradient_aligned, credential_faking, compromised_issuer, joint
    """
    if name not in BEHAVIOURS:
        raise ConfigError(f"unknown behaviour {name!r}; known: {', '.join(BEHAVIOURS)}")
    return BEHAVIOURS[name]
