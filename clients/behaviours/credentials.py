"""What a contributor shows for itself, by behaviour: forged, or signed by somebody trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.behaviours import FORGERS, VOUCHED_FOR
from anml_fl.method.provenance import Verification
from anml_fl.registry.simulated import COMPROMISED, credential
from clients.behaviours.forgery import simulated_forgeries

if TYPE_CHECKING:
    from collections.abc import Sequence


def credentials(
    role: str, seed: int, contributor: str, others: Sequence[str] = ()
) -> list[str]:
    """List the attestations that a contributor puts beside its update.

    Parameters
    ----------
    role : str
        Its behaviour in the run.
    seed : int
        The run's: a simulation's keys derive from it.
    contributor : str
        Stable identity.
    others : sequence of str
        Who else takes part: from the first of them a forger steals. Without any, it
        invents somebody.

    Returns
    -------
    list of str
        Compact JWS. Nothing for the honest: what the registry holds of them, it was told
        before the run.

    Examples
    --------
    >>> len(credentials("honest", 0, "contributor-0000"))
    0
    >>> len(credentials("compromised_issuer", 0, "contributor-0000"))
    1
    """
    if role in FORGERS:
        stolen_from = next((n for n in others if n != contributor), f"not-{contributor}")
        return simulated_forgeries(seed, contributor, stolen_from)
    if role == VOUCHED_FOR:
        level = Verification.PEER_REVIEWED
        return [credential(seed, contributor, level, issuer=COMPROMISED)]
    return []
