"""Certificates: SuperLink's, and that of the authority which vouches for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from server.deployment.authority import alternative_names
from server.doctor.finding import Finding, ok, problem, warning

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

_NAME = "certificates"
_SOON = timedelta(days=30)
_ANOTHER = (
    "remove {} and let `anml up` issue another, or ask your own authority for it; then start"
    " SuperLink again"
)


def check_certificates(
    authority: Path, certificate: Path, key: Path, hosts: Sequence[str] = ()
) -> list[Finding]:
    """Check what SuperLink shows, and what nodes hold against it.

    Parameters
    ----------
    authority : Path
        Certificate of the authority, as nodes have it; with its key beside it, or without.
    certificate, key : Path
        SuperLink's.
    hosts : sequence of str
        Names and addresses by which it is reached.
    """
    try:
        root = x509.load_pem_x509_certificate(authority.read_bytes())
        shown = x509.load_pem_x509_certificate(certificate.read_bytes())
    except (OSError, ValueError) as error:
        what = f"{authority} or {certificate} cannot be read: {error}"
        return [problem(_NAME, what, "`anml up` makes what is missing; or put yours there")]
    found = [*_validity(authority, root), *_validity(certificate, shown)]
    try:
        # The last of a chain: an authority may have signed through another one.
        chain = x509.load_pem_x509_certificates(certificate.read_bytes())
        for issued, issuer in zip(chain, [*chain[1:], root], strict=True):
            if issued != root:
                issued.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature) as error:
        why = f": {error}" if str(error) else ""
        what = f"{certificate} was not issued by {authority}{why}"
        found.append(problem(_NAME, what, _ANOTHER.format(certificate)))
    pairs = [(certificate, shown, key)]
    if (root_key := authority.with_suffix(".key")).exists():
        pairs.append((authority, root, root_key))
    for path, owner, own in pairs:
        if wrong := _not_of(own, owner.public_key()):
            remedy = "bring the pair back from the backup, or remove both and make them anew"
            found.append(problem(_NAME, f"{own} {wrong} {path}", remedy))
    names = alternative_names(shown)
    if lacking := [host for host in hosts if host not in names]:
        what = f"{certificate} is not for {', '.join(lacking)}, but for {', '.join(names)}"
        found.append(problem(_NAME, what, _ANOTHER.format(certificate)))
    until = shown.not_valid_after_utc.date()
    return found or [ok(_NAME, f"good until {until}, for {', '.join(names)}")]


def _validity(path: Path, certificate: x509.Certificate) -> list[Finding]:
    now = datetime.now(UTC)
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    remedy = _ANOTHER.format(path)
    if now < begin:
        what = f"{path} is not valid before {begin:%Y-%m-%d %H:%M} UTC"
        return [problem(_NAME, what, f"see that the clock is right; else {remedy}")]
    if now > end:
        return [problem(_NAME, f"{path} expired on {end:%Y-%m-%d %H:%M} UTC", remedy)]
    if end - now < _SOON:
        days = (end - now).days
        return [warning(_NAME, f"{path} expires in {days} days, on {end:%Y-%m-%d}", remedy)]
    return []


def _not_of(path: Path, public: PublicKeyTypes) -> str | None:
    """Say why a file is not the private half of a certificate's key."""
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError:
        return "cannot be read; it should be the key of"
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return "is no private key (PEM, not encrypted); it should be the key of"
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    own = key.public_key().public_bytes(*form)
    return None if own == public.public_bytes(*form) else "is not the key of"
