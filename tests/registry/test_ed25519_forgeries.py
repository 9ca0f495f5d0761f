"""Keys for which anyone can sign: each door refuses them, though the signatures hold."""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from anml_fl.cli import main
from anml_fl.database.engine import open_database, writing
from anml_fl.ledger.entry import close_fields, open_fields, sign
from anml_fl.ledger.verify import verify
from anml_fl.method.provenance import Verification
from anml_fl.registry import keys, queries, tables
from anml_fl.registry.attestation import AttestationError, check, key_id
from anml_fl.registry.clock import microseconds
from anml_fl.registry.domain import Contribution, Contributor, Issuer
from anml_fl.registry.memory import InMemoryRegistry, Standing
from anml_fl.registry.sql import SqlRegistry

DAY = datetime(2026, 1, 1, tzinfo=UTC)
DATA = "sha256:" + 64 * "0"


@pytest.fixture
def forge(small_keys):
    """Sign under a key of small order, without any private key; None if nothing fits.

    A signature (R, s) holds if s B = R + h A. With s = 0 R must be -h A, which is one of the
    eight points: one of them fits two messages in three.
    """

    def signature_of(key, message):
        public = Ed25519PublicKey.from_public_bytes(key)
        for r in small_keys:
            signature = r + bytes(32)
            try:
                public.verify(signature, message)
            except InvalidSignature:
                continue
            return signature
        return None

    return signature_of


def test_the_attack_is_real(small_keys, forge):
    """Under every one of them the library takes a signature that needed no private key."""
    for key in small_keys:
        assert any(forge(key, bytes([n])) for n in range(32))


def honest(n):
    return Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32)


def as_files(key, folder):
    """A public key in every form in which one may come: PEM, DER, OpenSSH's line."""
    public = Ed25519PublicKey.from_public_bytes(key)
    forms = {}
    for name, encoding in (("pem", Encoding.PEM), ("der", Encoding.DER)):
        forms[name] = public.public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)
    parts = [b"ssh-ed25519", key]
    blob = b"".join(struct.pack(">I", len(part)) + part for part in parts)
    forms["ssh"] = b"ssh-ed25519 " + base64.b64encode(blob) + b" somebody\n"
    for name, content in forms.items():
        path = folder / f"{name}.pub"
        path.write_bytes(content)
        yield path


def issuer(key, name="university"):
    levels = frozenset({Verification.PEER_REVIEWED})
    return Issuer(name, key, levels, DAY, DAY + timedelta(days=365))


def token_under(forge, key):
    """An attestation that nobody has signed, if one of some can be made."""
    for n in range(64):
        claims = {
            "iss": "university",
            "sub": base64.urlsafe_b64encode(b"key").rstrip(b"=").decode(),
            "level": "peer-reviewed",
            "data": DATA,
            "iat": int(DAY.timestamp()),
            "exp": int(DAY.timestamp()) + 10**6,
            "jti": str(n),
        }
        header = {"alg": "Ed25519", "typ": "anml-attestation+jws", "kid": key_id(key)}
        signed = b".".join(
            base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")
            for part in (header, claims)
        )
        if (signature := forge(key, signed)) is not None:
            return (signed + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()
    return None


def test_no_file_of_any_form_brings_one_in(tmp_path, small_key):
    for path in as_files(small_key, tmp_path):
        for read in (keys.public_key, keys.node_key):
            with pytest.raises(ValueError, match=f"{path.name} holds no Ed25519 key that can"):
                read(path)
    for path in as_files(honest(1).public_key().public_bytes_raw(), tmp_path):
        assert keys.public_key(path) == honest(1).public_key()


def test_no_registry_takes_one_from_code(tmp_path, small_key):
    with pytest.raises(ValueError, match="public_key of 'university' cannot be trusted: "):
        InMemoryRegistry(issuers=[issuer(small_key)])
    engine = open_database(tmp_path / "anml.db")
    registry = SqlRegistry(engine)
    with pytest.raises(ValueError, match="public_key of 'university' cannot be trusted: "):
        registry.add_issuer(issuer(small_key), at=DAY)
    assert registry.issuers(DAY) == ()
    engine.dispose()


def test_an_attestation_under_one_is_refused_though_its_signature_holds(small_keys, forge):
    forged = [
        (key, token) for key in small_keys if (token := token_under(forge, key)) is not None
    ]
    assert len(forged) == len(small_keys)  # the library takes them all
    for key, token in forged:
        with pytest.raises(AttestationError, match="is no key to trust: "):
            check(token, issuers=[issuer(key)], subject=b"key", data_hashes=[DATA], at=DAY)


def a_database(path, key):
    """A registry from before: the issuer's row and an attestation under it are there."""
    engine = open_database(path)
    registry = SqlRegistry(engine)
    registry.add_contributor(Contributor("a", "A", "news", b"key", DAY), at=DAY)
    registry.add_contribution(Contribution("a", DATA, 1, DAY), at=DAY)
    row = {
        "key_id": key_id(key),
        "name": "university",
        "public_key": key,
        "levels": "PEER_REVIEWED",
        "since": microseconds(DAY),
        "until": microseconds(DAY + timedelta(days=365)),
        "recorded": microseconds(DAY),
    }
    with writing(engine) as connection:
        queries.insert(connection, tables.issuers, row)
    return engine


def test_a_row_of_a_database_vouches_for_nobody(tmp_path, small_keys, forge):
    for i, key in enumerate(small_keys):
        token = token_under(forge, key)
        engine = a_database(tmp_path / f"{i}.db", key)
        later = DAY + timedelta(hours=1)
        (refused,) = SqlRegistry(engine).present("a", [token], at=later)
        assert "is no key to trust" in refused
        with writing(engine) as connection:  # one that was taken before keys were looked at
            row = {
                "contribution": 1,
                "issuer": 1,
                "token_id": "0",
                "level": "PEER_REVIEWED",
                "issued": microseconds(DAY),
                "expires": microseconds(DAY + timedelta(days=9)),
                "token": token,
                "recorded": microseconds(DAY),
            }
            queries.insert(connection, tables.attestations, row)
        registry = SqlRegistry(engine)
        assert registry.signals(["a"], at=later).v.tolist() == [0.25]
        (held,) = registry.attestations("a", later)
        assert held.lost == "anyone can sign with its issuer's key"
        engine.dispose()


def test_a_memory_that_was_given_one_later_refuses_its_tokens(small_keys, forge):
    for key in small_keys:
        token = token_under(forge, key)
        registry = InMemoryRegistry({"a": Standing(public_key=b"key", data_hash=DATA)})
        registry.issuers = (issuer(key),)
        (refused,) = registry.present("a", [token], at=DAY)
        assert "is no key to trust" in refused
        assert registry.signals(["a"], at=DAY).v.tolist() == [0.25]


class Nobody:
    """Signs as the holder of a private key would, and has none."""

    def __init__(self, forge, key):
        self.forge = forge
        self.key = key

    def sign(self, message):
        if (signature := self.forge(self.key, message)) is None:
            raise InvalidSignature
        return signature


def forged_ledger(forge, key):
    """A whole ledger under a key of small order, by whoever tries some names for the run."""
    nobody = Nobody(forge, key)
    for n in range(64):
        try:
            first = sign(open_fields(f"run-{n}", "anml", 10, key), 0, b"0" * 64, nobody)
            head = hashlib.sha256(first).hexdigest().encode()
            return [first + b"\n", sign(close_fields(0, {}), 1, head, nobody) + b"\n"]
        except InvalidSignature:
            continue
    return None


def test_a_ledger_that_nobody_signed_is_not_verified_though_its_signatures_hold(
    tmp_path, small_keys, forge
):
    forged = [(key, lines) for key in small_keys if (lines := forged_ledger(forge, key))]
    assert len(forged) == len(small_keys)
    for key, lines in forged:
        public = Ed25519PublicKey.from_public_bytes(key)
        verdict = verify(lambda lines=lines: lines, public)
        assert not verdict.ok
        assert "is signed with a key that cannot be trusted: " in str(verdict)
        # By the command, with the key in any of its forms.
        (tmp_path / "ledger.jsonl").write_bytes(b"".join(lines))
        for path in as_files(key, tmp_path):
            result = CliRunner().invoke(
                main, ["ledger", "verify", str(tmp_path / "ledger.jsonl"), "--key", str(path)]
            )
            assert result.exit_code != 0
            assert f"{path.name} holds no Ed25519 key that can be trusted" in result.output


def test_the_command_adds_no_issuer_with_one(tmp_path, small_keys):
    database = str(tmp_path / "registry.db")
    for path in as_files(small_keys[0], tmp_path):
        command = ["registry", "add", "issuer", "university", "--key", str(path)]
        trust = ["--level", "peer-reviewed", "--until", "2099-01-01", "--database", database]
        result = CliRunner().invoke(main, [*command, *trust])
        assert result.exit_code != 0
        assert f"{path.name} holds no Ed25519 key that can be trusted" in result.output
