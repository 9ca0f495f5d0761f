"""Key files: never overwritten, readable by their owner alone, read as Flower reads them."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from anml_fl.registry import keys

SPKI = PublicFormat.SubjectPublicKeyInfo


def test_a_pair_is_made_and_read_back(tmp_path):
    path = tmp_path / "university.key"
    made = keys.make_key(path)
    assert keys.private_key(path).private_bytes_raw() == made.private_bytes_raw()
    public = keys.public_key(tmp_path / "university.key.pub")
    assert public.public_bytes_raw() == made.public_key().public_bytes_raw()
    assert path.read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----\n")
    assert (
        keys.make_key(tmp_path / "b").private_bytes_raw()
        != keys.make_key(tmp_path / "c").private_bytes_raw()
    )


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_only_its_owner_may_read_a_private_key(tmp_path, mask):
    before = os.umask(mask)
    try:
        keys.make_key(tmp_path / "key")
    finally:
        os.umask(before)
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "key.pub").stat().st_mode & 0o777 == 0o644 & ~mask


def test_the_mode_holds_from_the_first_byte_on(tmp_path, monkeypatch):
    seen = {}
    fdopen = os.fdopen

    def watched(handle, *args):
        stat = os.fstat(handle)
        seen[len(seen)] = (stat.st_mode & 0o777, stat.st_size)
        return fdopen(handle, *args)

    monkeypatch.setattr(os, "fdopen", watched)
    keys.make_key(tmp_path / "key")
    assert seen[0] == (0o600, 0)


@pytest.mark.parametrize("taken", ["key", "key.pub"])
def test_nothing_is_overwritten(tmp_path, taken):
    (tmp_path / taken).write_text("mine")
    with pytest.raises(FileExistsError, match=rf"{taken} exists already: a key is never over"):
        keys.make_key(tmp_path / "key")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]


def test_a_link_is_not_followed(tmp_path):
    (tmp_path / "key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        keys.make_key(tmp_path / "key")
    assert not (tmp_path / "elsewhere").exists()


def test_a_private_key_without_its_public_one_is_not_left(tmp_path):
    # A dangling link: not there when looked for, in the way when written.
    (tmp_path / "key.pub").symlink_to(tmp_path / "nowhere" / "deeper")
    with pytest.raises(OSError, match=r"key.pub exists already"):
        keys.make_key(tmp_path / "key")
    assert not (tmp_path / "key").exists()


def test_a_key_that_was_cut_off_from_its_public_half_gets_it(tmp_path):
    path = tmp_path / "key"
    made = keys.make_key(path)
    public = (tmp_path / "key.pub").read_bytes()
    (tmp_path / "key.pub").unlink()
    assert keys.make_key(path).private_bytes_raw() == made.private_bytes_raw()
    assert (tmp_path / "key.pub").read_bytes() == public


def test_an_empty_key_says_that_it_may_be_removed(tmp_path):
    (tmp_path / "key").write_bytes(b"")
    with pytest.raises(ValueError, match="it is empty, so nothing was signed with it; remove"):
        keys.private_key(tmp_path / "key")
    (tmp_path / "key").write_bytes(b"something")
    with pytest.raises(ValueError, match=r"as `anml registry key` makes it$"):
        keys.private_key(tmp_path / "key")


def test_no_other_private_key_is_taken(tmp_path):
    path = tmp_path / "key"
    elliptic = ec.generate_private_key(ec.SECP384R1())
    path.write_bytes(elliptic.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(ValueError, match="must hold an Ed25519 key, got EC"):
        keys.private_key(path)
    locked = ed25519.Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"word")
    )
    for content in (b"", b"nothing", locked):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="holds no private key of this form: PEM"):
            keys.private_key(path)
    with pytest.raises(FileNotFoundError):
        keys.private_key(tmp_path / "none")


PUBLIC = {
    "ed25519": ed25519.Ed25519PrivateKey.generate().public_key(),
    "p384": ec.generate_private_key(ec.SECP384R1()).public_key(),
    "p521": ec.generate_private_key(ec.SECP521R1()).public_key(),
    "rsa": rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key(),
}


@pytest.mark.parametrize("kind", PUBLIC)
def test_one_key_in_three_files_is_one_contributor(tmp_path, kind):
    key = PUBLIC[kind]
    pem = key.public_bytes(Encoding.PEM, SPKI)
    texts = (
        pem,
        key.public_bytes(Encoding.DER, SPKI),
        key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH),
        key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH) + b" me@home.example\n",
    )
    for text in texts:
        (tmp_path / "key.pub").write_bytes(text)
        assert keys.node_key(tmp_path / "key.pub") == pem


@pytest.mark.parametrize("curve", [ec.SECP256R1, ec.SECP384R1, ec.SECP521R1])
def test_the_bytes_are_those_that_flower_registers(tmp_path, curve):
    from flwr.cli.supernode.register import try_load_public_key

    from strategies.identity import by_public_key

    key = ec.generate_private_key(curve()).public_key()
    path = tmp_path / "node.pub"
    path.write_bytes(key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH))
    registered = try_load_public_key(path)
    assert keys.node_key(path) == registered

    node = SimpleNamespace(node_id=7, public_key=registered)
    grid = SimpleNamespace(get_nodes=lambda: [node])
    assert by_public_key(grid) == {7: keys.identity(registered)}
    assert keys.identity(registered) == "key-" + hashlib.sha256(registered).hexdigest()[:16]


def test_a_key_of_openssh_itself(tmp_path):
    path = tmp_path / "id"
    command = ["ssh-keygen", "-q", "-t", "ecdsa", "-b", "384", "-N", "", "-f", str(path)]
    try:
        subprocess.run(command, check=True, timeout=30)
    except FileNotFoundError:
        pytest.skip("ssh-keygen is not installed")
    assert keys.node_key(Path(f"{path}.pub")).startswith(b"-----BEGIN PUBLIC KEY-----")


def test_no_other_public_key_is_an_issuers(tmp_path):
    path = tmp_path / "key.pub"
    path.write_bytes(PUBLIC["p384"].public_bytes(Encoding.PEM, SPKI))
    with pytest.raises(ValueError, match="must hold an Ed25519 key, got EC"):
        keys.public_key(path)
    keys.make_key(tmp_path / "key2")
    contents = (b"", b"key", b"\x30\x00", b"-----BEGIN", b"\xff", b"ssh-ed25519 AAAA")
    for content in (*contents, (tmp_path / "key2").read_bytes()):
        path.write_bytes(content)
        for read in (keys.public_key, keys.node_key):
            with pytest.raises(ValueError, match=r"holds no public key.*: PEM, DER"):
                read(path)
