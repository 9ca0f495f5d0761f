"""Forged attestations: what `credential_faking` shows instead of credentials it has not.

Each kind is really made, of a genuine lower credential that the forger holds, and each
is something that a careless verifier has accepted somewhere.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from anml_fl.method.provenance import Verification
from anml_fl.registry import simulated
from anml_fl.registry.jws import decode, encode

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KINDS = (
    "no signature",
    "wrong issuer",
    "altered level",
    "another's token",
    "expired",
    "alg none",
    "key confusion",
)
"""What `forged` makes, in its order."""


def forged(
    genuine: str,
    *,
    level: str,
    issuer_key: bytes,
    forger: Ed25519PrivateKey,
    another: str,
    expired: str,
) -> list[str]:
    """Forge one token of each kind.

    Parameters
    ----------
    genuine : str
        The forger's own attestation, of a lower level.
    level : str
        The level wished for, as a token spells it.
    issuer_key : bytes
        The trusted issuer's public key, which anybody may know.
    forger : Ed25519PrivateKey
        A key that nobody trusts.
    another : str
        Another contributor's genuine token.
    expired : str
        A genuine token of the forger's own that is no longer valid.

    Returns
    -------
    list of str
        In the order of `KINDS`.

    Examples
    --------
    >>> len(simulated_forgeries(0, "contributor-0000", "contributor-0001")) == len(KINDS)
    True
    """
    header, payload, signature = genuine.split(".")
    wished = _edited(payload, level=level)
    none = _edited(header, alg="none")
    shared = _edited(header, alg="HS256")
    by_forger = forger.sign(f"{header}.{wished}".encode())
    by_secret = hmac.digest(issuer_key, f"{shared}.{wished}".encode(), hashlib.sha256)
    return [
        f"{header}.{wished}.",
        f"{header}.{wished}.{encode(by_forger)}",
        f"{header}.{wished}.{signature}",
        another,
        expired,
        f"{none}.{wished}.",
        f"{shared}.{wished}.{encode(by_secret)}",
    ]


def simulated_forgeries(seed: int, contributor: str, another: str) -> list[str]:
    """Forge what a simulated contributor shows: `forged`, with keys from the seed.

    Parameters
    ----------
    seed : int
        The run's.
    contributor, another : str
        Identities of the forger and of whom it steals a token from.

    Examples
    --------
    >>> tokens = simulated_forgeries(0, "contributor-0000", "contributor-0001")
    >>> tokens[0].endswith(".")
    True
    """
    _, university = simulated.simulated_issuer(seed)
    forger, _ = simulated.simulated_issuer(seed, f"forger {contributor}")
    wished = Verification.PEER_REVIEWED
    year = timedelta(days=365)
    return forged(
        simulated.credential(seed, contributor, Verification.INSTITUTION_VERIFIED),
        level="peer-reviewed",
        issuer_key=university.public_key,
        forger=forger,
        another=simulated.credential(seed, another, wished),
        expired=simulated.credential(
            seed,
            contributor,
            wished,
            issued=simulated.ISSUED - year,
            expires=simulated.PRESENT - timedelta(days=1),
        ),
    )


def _edited(part: str, **changed: Any) -> str:
    """Change fields of a token's header or payload."""
    fields = json.loads(decode("part", part)) | changed
    return encode(json.dumps(fields, separators=(",", ":")).encode())
