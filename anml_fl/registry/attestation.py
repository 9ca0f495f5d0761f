"""Attestations: an issuer's signed word for one contribution, as a compact JWS.

One form is accepted and nothing else: RFC 7515's compact serialisation, signed with
Ed25519 (RFC 8037, by its fully specified name of RFC 9864); see `anml_fl.registry.jws`.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from joserfc import jws
from joserfc.jwk import OKPKey

from anml_fl.registry.clock import date, microseconds
from anml_fl.registry.domain import Attestation
from anml_fl.registry.ed25519 import flaw
from anml_fl.registry.jws import (
    ALGORITHM,
    LEVELS,
    LONGEST,
    TYPE,
    AttestationError,
    encode,
    open_token,
    read_claims,
    shown,
)
from anml_fl.registry.signatures import Signatures

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from anml_fl.method.provenance import Verification
    from anml_fl.registry.clock import Instant
    from anml_fl.registry.domain import Issuer

__all__ = ["LEVELS", "AttestationError", "check", "issue", "key_id"]

# Issuers' clocks are not ours.
_LEEWAY = 60
_SECOND = 1_000_000


def key_id(public_key: bytes) -> str:
    """Name an issuer's key: the SHA-256 of its bytes, in hexadecimal.

    Parameters
    ----------
    public_key : bytes
        Ed25519, 32 bytes.

    Examples
    --------
    >>> key_id(bytes(32))[:16]
    '66687aadf862bd77'
    """
    return hashlib.sha256(public_key).hexdigest()


def issue(
    private_key: Ed25519PrivateKey,
    *,
    issuer: str,
    subject: bytes,
    level: Verification,
    data_hash: str,
    issued: Instant,
    expires: Instant,
    id: str,
) -> str:
    """Sign an attestation.

    Parameters
    ----------
    private_key : Ed25519PrivateKey
        The issuer's.
    issuer : str
        Its name, as the registry knows it.
    subject : bytes
        The contributor's public key.
    level : Verification
        One of `LEVELS`.
    data_hash : str
        The contribution: "sha256:" and 64 lower-case hexadecimal digits.
    issued, expires : datetime or float
        Kept in whole seconds, rounded down.
    id : str
        1 to 128 letters, digits, ".", "_", ":" or "-"; unique among this key's tokens.

    Returns
    -------
    str
        The token.

    Raises
    ------
    ValueError
        If `check` would never accept it.

    Examples
    --------
    >>> from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    >>> from anml_fl.method.provenance import Verification
    >>> token = issue(
    ...     Ed25519PrivateKey.from_private_bytes(bytes(32)), issuer="university",
    ...     subject=b"a key", level=Verification.PEER_REVIEWED,
    ...     data_hash="sha256:" + 64 * "0", issued=56.0, expires=57.0, id="1",
    ... )
    >>> len(token.split("."))
    3
    """
    spelt = {member: name for name, member in LEVELS.items()}
    if level not in spelt:
        raise ValueError(f"level must be one of {', '.join(LEVELS)}, got {level.name}")
    claims = {
        "iss": issuer,
        "sub": encode(subject),
        "level": spelt[level],
        "data": data_hash,
        "iat": microseconds(issued) // _SECOND,
        "exp": microseconds(expires) // _SECOND,
        "jti": id,
    }
    payload = json.dumps(claims, separators=(",", ":")).encode()
    checked = read_claims(payload)
    if checked["exp"] <= checked["iat"]:
        raise ValueError(
            f"expires must come after issued, got {expires:%Y-%m-%dT%H:%MZ}"
            f" and {issued:%Y-%m-%dT%H:%MZ}"
        )
    public = private_key.public_key().public_bytes_raw()
    token = jws.serialize_compact(
        {"alg": ALGORITHM, "typ": TYPE, "kid": key_id(public)},
        payload,
        OKPKey.import_key(private_key),
        algorithms=[ALGORITHM],
    )
    if len(token) > LONGEST:
        raise ValueError(f"a token has at most {LONGEST} characters, this one {len(token)}")
    return token


def check(
    token: str,
    *,
    issuers: Sequence[Issuer],
    subject: bytes,
    data_hashes: Collection[str],
    at: Instant,
    signatures: Signatures | None = None,
) -> Attestation:
    """Check a token that anybody may have written, and say what it attests.

    Until the signature holds, nothing in it is used but alg, typ and kid. What was
    revoked is not asked here: a registry knows what it received when.

    Parameters
    ----------
    issuers : sequence of Issuer
        Who is trusted, with which key, for what and when.
    subject : bytes
        The public key of the contributor that the token must be about.
    data_hashes : collection of str
        Its contributions.
    at : datetime or float
        When the token was received.
    signatures : Signatures, optional
        Remembers those that were checked before.

    Raises
    ------
    AttestationError
        At the first of these that fails: form, algorithm and type, an issuer's key, one that a
        single holder signs with, the signature, the claims' form, the issuer's name, what
        its key is trusted for and when, the subject, the data, issued by now, not expired,
        expiring after issued.

    Examples
    --------
    >>> check("e30.e30.", issuers=[], subject=b"", data_hashes=(), at=56.0)
    Traceback (most recent call last):
    anml_fl.registry.jws.AttestationError: alg is missing: only 'Ed25519' is accepted
    """
    kid, payload = open_token(token)
    keys = [one for one in issuers if key_id(one.public_key) == kid]
    if not keys:
        raise AttestationError(f"kid {shown(kid)} is no issuer's key")
    if why := flaw(keys[0].public_key):
        raise AttestationError(f"kid {shown(kid)} is no key to trust: {why}")
    known = Signatures() if signatures is None else signatures
    if not known.hold(token, keys[0].public_key):
        raise AttestationError("the signature is not by the key that kid names")
    claims = read_claims(payload)
    moment = microseconds(at)
    issued, expires = claims["iat"] * _SECOND, claims["exp"] * _SECOND
    level = LEVELS[claims["level"]]

    named = [one for one in keys if one.name == claims["iss"]]
    if not named:
        raise AttestationError(f"iss {shown(claims['iss'])} is not who holds this key")
    trusted = [one for one in named if level in one.levels]
    if not trusted:
        raise AttestationError(
            f"{shown(claims['iss'])} is not trusted for {claims['level']!r}"
        )
    for when, stamp in (("issued", issued), ("received", moment)):
        trusted = [
            one
            for one in trusted
            if microseconds(one.since) <= stamp < microseconds(one.until)
        ]
        if not trusted:
            raise AttestationError(f"{when} {_day(stamp)}, when the key was not valid")
    if claims["sub"] != encode(subject):
        raise AttestationError(f"sub {shown(claims['sub'])} is another contributor's key")
    if claims["data"] not in data_hashes:
        raise AttestationError(
            f"data {shown(claims['data'])} is no contribution of this contributor"
        )
    if issued > moment + _LEEWAY * _SECOND:
        raise AttestationError(f"issued {_day(issued)}, after it was received")
    if moment >= expires:
        raise AttestationError(f"expired {_day(expires)}")
    if expires <= issued:
        raise AttestationError(f"expires {_day(expires)}, not after it was issued")
    return Attestation(
        id=claims["jti"],
        issuer=claims["iss"],
        key_id=kid,
        subject=subject,
        level=level,
        data_hash=claims["data"],
        issued=date(issued),
        expires=date(expires),
        token=token,
    )


def _day(stamp: int) -> str:
    return date(stamp).strftime("%Y-%m-%dT%H:%M:%SZ")
