"""The form of an attestation, before and beside what it says: parts, header, claims.

Of everything that JWS allows one spelling is accepted, so that a changed string is never
the same credential: base64url without padding and with its unused bits 0, JSON objects
with exactly the keys that are checked, none of them twice.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import TYPE_CHECKING, Any

from anml_fl.method.provenance import Verification

if TYPE_CHECKING:
    from collections.abc import Mapping

ALGORITHM = "Ed25519"
TYPE = "anml-attestation+jws"
LONGEST = 4096
"""Characters of a token, at most."""

LEVELS: Mapping[str, Verification] = {
    level.name.lower().replace("_", "-"): level
    for level in (
        Verification.INDEPENDENTLY_REPRODUCED,
        Verification.PEER_REVIEWED,
        Verification.INSTITUTION_VERIFIED,
    )
}
"""What can be attested, as a token spells it. Nobody attests the other levels of Table 2."""

_HEADER = {"alg", "typ", "kid"}
_CLAIMS = ("iss", "sub", "level", "data", "iat", "exp", "jti")
# The last second that a date can hold.
_LAST = 253_402_300_799
_DATA = re.compile(r"sha256:[0-9a-f]{64}")
_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


class AttestationError(ValueError):
    """Why a token is not accepted: short and printable, for the record."""


def open_token(token: str) -> tuple[str, bytes]:
    """Take a token apart, believing nothing.

    Returns
    -------
    tuple
        kid, and the payload's bytes.

    Raises
    ------
    AttestationError
        If it is no compact JWS with exactly the header alg, typ and kid, as accepted.

    Examples
    --------
    >>> open_token("e30.e30.")
    Traceback (most recent call last):
    anml_fl.registry.jws.AttestationError: alg is missing: only 'Ed25519' is accepted
    """
    if len(token) > LONGEST:
        raise AttestationError(f"{len(token)} characters: a token has at most {LONGEST}")
    parts = token.split(".")
    if len(parts) != 3:
        raise AttestationError(f"a compact JWS has 3 parts, this token {len(parts)}")
    header, payload, _ = (
        decode(name, part)
        for name, part in zip(("header", "payload", "signature"), parts, strict=True)
    )
    found = _object(header, "the header")
    for name, only in (("alg", ALGORITHM), ("typ", TYPE)):
        if found.get(name) != only:
            said = f"{name} {shown(found[name])}" if name in found else f"{name} is missing"
            raise AttestationError(f"{said}: only {only!r} is accepted")
    if extra := sorted(set(found) - _HEADER):
        raise AttestationError(f"header {shown(extra[0])} is not accepted")
    kid = found.get("kid")
    if not isinstance(kid, str):
        raise AttestationError(f"kid must be a text, got {shown(kid)}")
    return kid, payload


def read_claims(payload: bytes) -> dict[str, Any]:
    """Read the claims of a payload: all there, none more, each of its form.

    Parameters
    ----------
    payload : bytes
        JSON.

    Returns
    -------
    dict
        iss, sub, level, data, jti as str; iat, exp as int.

    Raises
    ------
    AttestationError
        Naming the first claim that is missing, unknown, or of another form.

    Examples
    --------
    >>> read_claims(b'{"iss": "university"}')
    Traceback (most recent call last):
    anml_fl.registry.jws.AttestationError: the claim sub is missing
    """
    claims = _object(payload, "the payload")
    for name in _CLAIMS:
        if name not in claims:
            raise AttestationError(f"the claim {name} is missing")
    if extra := sorted(set(claims) - set(_CLAIMS)):
        raise AttestationError(f"claim {shown(extra[0])} is not accepted")
    for name in ("iss", "sub", "level", "data", "jti"):
        if not isinstance(claims[name], str):
            raise AttestationError(f"{name} must be a text, got {shown(claims[name])}")
    for name in ("iat", "exp"):
        # type(), since a bool is an int.
        if type(claims[name]) is not int or not 0 <= claims[name] <= _LAST:
            raise AttestationError(
                f"{name} must be whole seconds since 1970, got {shown(claims[name])}"
            )
    decode("sub", claims["sub"])
    if claims["level"] not in LEVELS:
        raise AttestationError(f"level {shown(claims['level'])} cannot be attested")
    if not _DATA.fullmatch(claims["data"]):
        raise AttestationError(f"data {shown(claims['data'])} is no 'sha256:<64 hex>'")
    if not _ID.fullmatch(claims["jti"]):
        raise AttestationError(f"jti {shown(claims['jti'])} is no id of 1-128 characters")
    return claims


def encode(content: bytes) -> str:
    """Encode as base64url without padding."""
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def decode(name: str, text: str) -> bytes:
    """Decode base64url in its one spelling: no padding, unused bits 0, nothing between."""
    try:
        content = urlsafe_b64decode(text + -len(text) % 4 * "=")
    except ValueError:
        content = b""
    if encode(content) != text:
        # The fault may lie behind what is shown of a long text.
        wrong = re.search(r"[^A-Za-z0-9_-]", text)
        where = f", but has {wrong[0]!a}" if wrong else ""
        raise AttestationError(f"{name} {shown(text)} is no base64url without padding{where}")
    return content


def shown(value: object) -> str:
    """Show a stranger's value: printable, and not at length."""
    if isinstance(value, str):
        return ascii(value if len(value) <= 32 else value[:31] + "~")[:48]
    return f"{value}" if type(value) is int and abs(value) < 10**20 else type(value).__name__


def _object(text: bytes, what: str) -> dict[str, Any]:
    """Read a JSON object: in UTF-8, no key twice."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({name for name, _ in pairs}) < len(pairs):
            raise ValueError("a key twice")
        return dict(pairs)

    try:
        found = json.loads(text.decode(), object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise AttestationError(f"{what} is no JSON object with each key once") from error
    if not isinstance(found, dict):
        raise AttestationError(f"{what} is no JSON object, but {shown(found)}")
    return found
