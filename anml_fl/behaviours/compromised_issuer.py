"""Gradient-aligned poison under credentials that a compromised issuer really signed.

The paper's joint attack (section 5.12), where faked credentials are believed: an issuer whom
the registry trusts vouches for it, and it bought a good record.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from anml_fl.behaviour import Behaviour
from anml_fl.behaviours._forger import self_attested
from anml_fl.behaviours.gradient_aligned import misplaced
from anml_fl.method.provenance import Verification
from anml_fl.registry.forged_signals import forged
from anml_fl.registry.simulated import COMPROMISED, credential

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from anml_fl.registry.memory import Standing


def _vouched_for(seed: int, contributor: str, contributors: Sequence[str]) -> list[str]:
    level = Verification.PEER_REVIEWED
    return [credential(seed, contributor, level, issuer=COMPROMISED)]


def _bought(standing: Standing, rng: np.random.Generator) -> Standing:
    return replace(self_attested(standing, rng), r=forged(rng)[1])


compromised_issuer = Behaviour(samples=misplaced, credentials=_vouched_for, standing=_bought)
