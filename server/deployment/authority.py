"""A certificate authority of the federation's own, and the keys of its nodes.

What is there already is kept: a key without its certificate, or its public half, is given
one; nothing is ever overwritten.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from anml_fl.settings.section import ConfigError
from anml_fl.system.files import make_folder, write_whole
from anml_fl.system.private_files import refuse_exposed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# SuperLink's own ServerApps reach it over loopback, other containers by its service's name.
ALWAYS = ("superlink", "localhost", "127.0.0.1", "::1")
_AUTHORITY_YEARS, _SERVER_DAYS = 10, 397
# A machine whose clock is a little behind must not find a new certificate to be of tomorrow.
_LENIENCE = timedelta(minutes=10)


def make_authority(key: Path, certificate: Path) -> None:
    """Make a certificate authority: EC P-256, for ten years.

    Parameters
    ----------
    key, certificate : Path
        Files, PEM; the key is readable by its owner alone.

    Raises
    ------
    ConfigError
        If what is there in the key's place is no key.
    """
    if certificate.exists():
        return
    private, name = _key(key), _name("ANML federation")
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    begin = datetime.now(UTC) - _LENIENCE
    made = (
        _unsigned(name, name, private, begin, 365 * _AUTHORITY_YEARS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(
            x509.SubjectKeyIdentifier.from_public_key(private.public_key()), critical=False
        )
        .sign(private, hashes.SHA256())
    )
    write_once(certificate, made.public_bytes(Encoding.PEM), 0o644)


def issue(
    authority: tuple[Path, Path],
    key: Path,
    certificate: Path,
    hosts: Sequence[str] = (),
    *,
    begin: datetime | None = None,
    days: int = _SERVER_DAYS,
) -> None:
    """Issue a server's certificate; one that is there already must be good for the hosts.

    Parameters
    ----------
    authority : (Path, Path)
        Key and certificate.
    key, certificate : Path
        Of the server.
    hosts : sequence of str
        Names and addresses by which it is reached, besides `ALWAYS`.
    begin : datetime, optional
        Start of its validity: by default, now.
    days : int
        Its length.

    Raises
    ------
    ConfigError
        If the authority's key is not there, or the server's certificate lacks a host.
    """
    if certificate.exists():
        found = alternative_names(x509.load_pem_x509_certificate(certificate.read_bytes()))
        if lacking := [host for host in hosts if host not in found]:
            raise ConfigError(
                f"{certificate} is not for {', '.join(lacking)}, but for {', '.join(found)}:"
                f" remove it, and the next `anml up` issues another for the same key"
            )
        return
    signing, issuer = authority
    if not signing.exists():
        raise ConfigError(
            f"{certificate} is missing, and without the authority's key, {signing}, it cannot"
            " be issued here: put the certificate there that your own authority issued"
        )
    root = x509.load_pem_x509_certificate(issuer.read_bytes())
    signer, private = _key(signing), _key(key)
    begin = begin or datetime.now(UTC) - _LENIENCE
    names = [_general_name(host) for host in dict.fromkeys((*ALWAYS, *hosts))]
    made = (
        _unsigned(_name("superlink"), root.subject, private, begin, days)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False
        )
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()),
            critical=False,
        )
        .sign(signer, hashes.SHA256())
    )
    write_once(certificate, made.public_bytes(Encoding.PEM), 0o644)


def make_node_key(key: Path, public: Path) -> None:
    """Make a node's key pair: EC P-384, in OpenSSH's format, as Flower reads it.

    Parameters
    ----------
    key, public : Path
        The private key is readable by its owner alone.

    Raises
    ------
    ConfigError
        If the key that is there is none.
    """
    if public.exists():
        return
    if not key.exists():
        private = ec.generate_private_key(ec.SECP384R1())
        text = private.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
        write_once(key, text, 0o600)
    try:
        kept = serialization.load_ssh_private_key(key.read_bytes(), password=None)
    except (ValueError, TypeError) as error:
        raise ConfigError(f"{key} is no private key in OpenSSH's format: {error}") from error
    refuse_exposed(key)
    line = kept.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    write_once(public, line + b"\n", 0o644)


def alternative_names(certificate: x509.Certificate) -> list[str]:
    """List the names and addresses that a certificate is for; none where it names none."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return [
        *found.value.get_values_for_type(x509.DNSName),
        *map(str, found.value.get_values_for_type(x509.IPAddress)),
    ]


def write_once(path: Path, data: bytes, mode: int) -> None:
    """Write a file whole or not at all, and never over another one.

    Parameters
    ----------
    mode : int
        Its permissions, from the first moment on.

    Raises
    ------
    FileExistsError
        If it is there.
    """
    make_folder(path.parent, 0o700)
    write_whole(path, data, mode=mode, new=True)


def _key(path: Path) -> ec.EllipticCurvePrivateKey:
    """Read a key of authority or server, made the first time."""
    if not path.exists():
        made = ec.generate_private_key(ec.SECP256R1())
        text = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        write_once(path, text, 0o600)
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError) as error:
        raise ConfigError(f"{path} is no private key (PEM, not encrypted): {error}") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ConfigError(f"{path} must hold an EC key, got {type(key).__name__}")
    refuse_exposed(path)
    return key


def _unsigned(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    begin: datetime,
    days: int,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=days))
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)
