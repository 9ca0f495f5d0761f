"""A simulation's keys, contributions and credentials: real ones, derived from its seed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from anml_fl.method.provenance import Verification
from anml_fl.registry.attestation import LEVELS, issue
from anml_fl.registry.domain import Issuer
from anml_fl.seeding import stream

PRESENT = datetime(2026, 1, 1, tzinfo=UTC)
"""When a simulation takes place, by its registry's clock."""

ISSUED = PRESENT - timedelta(days=30)
EXPIRES = PRESENT + timedelta(days=365)
UNIVERSITY = "university"
COMPROMISED = "registrar"
"""An issuer whom the registry trusts, and whose key attackers hold."""
_TRUSTED = timedelta(days=3650)


def simulated_issuer(seed: int, name: str = UNIVERSITY) -> tuple[Ed25519PrivateKey, Issuer]:
    """Derive an issuer: its private key, and how a registry that trusts it holds it.

    Parameters
    ----------
    seed : int
        The run's, >= 0.

    Returns
    -------
    tuple
        The key, and the Issuer: all three levels, from ten years before `PRESENT` to
        ten years after.

    Examples
    --------
    >>> key, issuer = simulated_issuer(0)
    >>> issuer.public_key == key.public_key().public_bytes_raw(), issuer.name
    (True, 'university')
    """
    key = _key(seed, f"issuer:{name}")
    return key, Issuer(
        name=name,
        public_key=key.public_key().public_bytes_raw(),
        levels=frozenset(LEVELS.values()),
        since=PRESENT - _TRUSTED,
        until=PRESENT + _TRUSTED,
    )


def public_key_of(seed: int, contributor: str) -> bytes:
    """Derive the public key that a simulated contributor's node registered.

    Parameters
    ----------
    contributor : str
        Identity.

    Returns
    -------
    bytes
        32 of them.

    Examples
    --------
    >>> public_key_of(0, "contributor-0000") == public_key_of(0, "contributor-0001")
    False
    """
    return _key(seed, contributor).public_key().public_bytes_raw()


def data_hash_of(seed: int, contributor: str) -> str:
    """Derive a stand-in for the hash of a simulated contributor's data.

    Parameters
    ----------
    contributor : str
        Identity.

    Examples
    --------
    >>> len(data_hash_of(0, "contributor-0000"))
    71
    """
    return "sha256:" + stream(seed, "data hash", contributor).bytes(32).hex()


def credential(
    seed: int,
    contributor: str,
    level: Verification,
    *,
    issuer: str = UNIVERSITY,
    issued: datetime = ISSUED,
    expires: datetime = EXPIRES,
) -> str:
    """Attest a simulated contributor's data, with the issuer's real key.

    Parameters
    ----------
    contributor : str
        Identity; letters, digits, ".", "_", ":" or "-".
    level : Verification
        One of `LEVELS`.

    Returns
    -------
    str
        The token.

    Raises
    ------
    ValueError
        As in `issue`.

    Examples
    --------
    >>> from anml_fl.registry.attestation import check
    >>> token = credential(0, "contributor-0000", Verification.PEER_REVIEWED)
    >>> check(
    ...     token, issuers=[simulated_issuer(0)[1]], at=PRESENT,
    ...     subject=public_key_of(0, "contributor-0000"),
    ...     data_hashes=[data_hash_of(0, "contributor-0000")],
    ... ).level.name
    'PEER_REVIEWED'
    """
    key, _ = simulated_issuer(seed, issuer)
    return issue(
        key,
        issuer=issuer,
        subject=public_key_of(seed, contributor),
        level=level,
        data_hash=data_hash_of(seed, contributor),
        issued=issued,
        expires=expires,
        id=f"{contributor}:{level.name.lower()}:{issued:%Y%m%d}",
    )


def _key(seed: int, name: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(stream(seed, "key", name).bytes(32))
