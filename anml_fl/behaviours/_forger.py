"""What forgers share: tokens that they made themselves, of which none holds."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from anml_fl.method.provenance import Verification
from anml_fl.registry.forged_attestations import simulated_forgeries

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from anml_fl.registry.memory import Standing


def forged_tokens(seed: int, contributor: str, contributors: Sequence[str]) -> list[str]:
    """Forge credentials, and steal one from the first other contributor there is."""
    another = next((n for n in contributors if n != contributor), f"not-{contributor}")
    return list(_forged(seed, contributor, another))


# A forger shows the same ones in every round.
@lru_cache(maxsize=1024)
def _forged(seed: int, contributor: str, another: str) -> tuple[str, ...]:
    return tuple(simulated_forgeries(seed, contributor, another))


def self_attested(standing: Standing, rng: np.random.Generator) -> Standing:
    """Let the registry hold nothing of its claims: what more it claims, tokens must show."""
    return replace(standing, v=Verification.SELF_ATTESTED.middle)
