"""Key files: an issuer's Ed25519 pair, and the public keys that Flower's nodes register.

A private key is PEM (PKCS 8, not encrypted), readable by its owner alone; its public key
lies beside it, as PEM (SubjectPublicKeyInfo), under the same name and ".pub". One that
others may read or replace is neither made nor used (`anml_fl.system.private_files`).
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from anml_fl.registry.ed25519 import flaw
from anml_fl.system.files import write_whole
from anml_fl.system.private_files import ExposedError, open_folder, refuse_exposed

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes


def make_key(path: Path) -> Ed25519PrivateKey:
    """Make a key pair: PATH with the private key, PATH.pub with the public one.

    Parameters
    ----------
    path : Path
        If it is there without its PATH.pub, as a crash between the two leaves it, it is kept
        and gets it.

    Raises
    ------
    FileExistsError
        If PATH.pub exists, or PATH is no private key: neither is ever overwritten.
    ExposedError
        If others may write to the folder.
    OSError
        If a file cannot be written.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     made = make_key(Path(folder) / "university.key")
    ...     sorted(path.name for path in Path(folder).iterdir())
    ['university.key', 'university.key.pub']
    """
    if found := open_folder(path.absolute().parent):
        raise ExposedError(found)
    public = path.with_name(path.name + ".pub")
    there = os.path.lexists(path)
    if os.path.lexists(public):
        raise _taken(path if there else public)
    if there:
        try:
            key = private_key(path)
        except (OSError, ValueError) as error:
            raise _taken(path) from error
    else:
        key = Ed25519PrivateKey.generate()
        _write(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    try:
        _write(public, _pem(key.public_key()), private=False)
    except FileExistsError:
        # Another process may have found the key without it.
        if public.read_bytes() != _pem(key.public_key()):
            raise
    return key


def private_key(path: Path) -> Ed25519PrivateKey:
    """Read a private key.

    Raises
    ------
    OSError
        If it cannot be read.
    ValueError
        If it holds no Ed25519 private key, or an encrypted one; `ExposedError` if others may
        read or replace it.
    """
    content = path.read_bytes()
    try:
        key = serialization.load_pem_private_key(content, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        empty = "" if content else ": it is empty, so nothing was signed with it; remove it"
        raise ValueError(
            f"{path} holds no private key of this form: PEM (PKCS 8), not encrypted, as"
            f" `anml registry key` makes it{empty}"
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError(f"{path} must hold an Ed25519 key, got {type(key).__name__}")
    refuse_exposed(path)
    return key


def public_key(path: Path) -> Ed25519PublicKey:
    """Read an issuer's public key: PEM, DER, or OpenSSH's one line.

    Raises
    ------
    OSError
        If it cannot be read.
    ValueError
        If it holds no Ed25519 public key, or one for which anyone can sign.
    """
    key = _load(path)
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError(f"{path} must hold an Ed25519 key, got {type(key).__name__}")
    return key


def node_key(path: Path) -> bytes:
    """Read a contributor's public key as the bytes by which Flower knows its node.

    `flwr supernode register` takes OpenSSH's line and sends the key as PEM
    (SubjectPublicKeyInfo); these bytes come back as `NodeInfo.public_key`.

    Parameters
    ----------
    path : Path
        PEM, DER, or OpenSSH's one line; any algorithm (Flower's nodes have NIST curves).

    Raises
    ------
    OSError
        If it cannot be read.
    ValueError
        If it holds no public key, or an Ed25519 one for which anyone can sign.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     made = make_key(Path(folder) / "key")
    ...     node_key(Path(folder) / "key.pub").splitlines()[0]
    b'-----BEGIN PUBLIC KEY-----'
    """
    return _pem(_load(path))


def identity(public_key: bytes) -> str:
    """Name a contributor by the public key that its node registered.

    Parameters
    ----------
    public_key : bytes
        As `node_key` gives it.

    Returns
    -------
    str
        "key-" and the start of the key's SHA-256.

    Examples
    --------
    >>> identity(b"")
    'key-e3b0c44298fc1c14'
    """
    return "key-" + hashlib.sha256(public_key).hexdigest()[:16]


def _write(path: Path, content: bytes, *, private: bool = True) -> None:
    """Create a file, or fail; a private one is its owner's from the first byte on."""
    try:
        write_whole(path, content, mode=0o600 if private else None, new=True)
    except FileExistsError as error:
        raise _taken(path) from error
    if not private:
        path.chmod(path.stat().st_mode & 0o644)


def _taken(path: Path) -> FileExistsError:
    return FileExistsError(f"{path} exists already: a key is never overwritten")


def _load(path: Path) -> PublicKeyTypes:
    content = path.read_bytes()
    load: Callable[[bytes], PublicKeyTypes] = serialization.load_ssh_public_key
    if content.startswith(b"-----BEGIN"):
        load = serialization.load_pem_public_key
    elif content.startswith(b"\x30"):  # a DER sequence
        load = serialization.load_der_public_key
    try:
        key = load(content)
    except (ValueError, UnsupportedAlgorithm) as error:
        hint = ": it is the private one, and must stay secret" if b"PRIVATE" in content else ""
        raise ValueError(
            f"{path} holds no public key{hint}: PEM, DER, or OpenSSH's line (.pub)"
        ) from error
    if isinstance(key, Ed25519PublicKey) and (why := flaw(key.public_bytes_raw())):
        raise ValueError(f"{path} holds no Ed25519 key that can be trusted: {why}")
    return key


def _pem(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
