"""Keys for which anyone can sign: found by the test's own arithmetic, refused everywhere."""

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
from anml_fl.registry.ed25519 import flaw
from anml_fl.registry.memory import InMemoryRegistry, Standing
from anml_fl.registry.sql import SqlRegistry

# ── The curve, in affine coordinates and by exhaustion: not as the code under test has it ──

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
DAY = datetime(2026, 1, 1, tzinfo=UTC)
DATA = "sha256:" + 64 * "0"


def add(one, other):
    (x1, y1), (x2, y2) = one, other
    product = D * x1 * x2 * y1 * y2
    x = (x1 * y2 + x2 * y1) * pow(1 + product, P - 2, P)
    y = (y1 * y2 + x1 * x2) * pow(1 - product, P - 2, P)
    return x % P, y % P


def times(scalar, point):
    total = (0, 1)
    while scalar:
        if scalar & 1:
            total = add(total, point)
        point, scalar = add(point, point), scalar >> 1
    return total


def roots(y):
    """Both x of a y, for p = 5 modulo 8; none if there is no point."""
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    for factor in (1, pow(2, (P - 1) // 4, P)):
        x = pow(square, (P + 3) // 8, P) * factor % P
        if x * x % P == square:
            return sorted({x, -x % P})
    return []


def torsion():
    """The eight points of small order: the multiples of one of order 8."""
    y = 2
    while True:
        for x in roots(y)[:1]:
            point = times(L, (x, y))
            if times(4, point) != (0, 1):
                return [times(k, point) for k in range(8)]
        y += 1


TORSION = torsion()


def encoded(y, sign):
    return (y + (sign << 255)).to_bytes(32, "little")


def spellings(point):
    """All 32 bytes that decode to a point, if y may be unreduced and 0 have a sign."""
    x, y = point
    signs = (0, 1) if x == 0 else (x & 1,)
    return [encoded(v, sign) for v in (y, y + P) if v < 2**255 for sign in signs]


SMALL = [key for point in TORSION for key in spellings(point)]
# Published by others: libsodium's blocklist has these seven, without the sign's bit.
PUBLISHED = [
    "00" * 32,
    "01" + "00" * 31,
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "ec" + "ff" * 30 + "7f",
    "ed" + "ff" * 30 + "7f",
    "ee" + "ff" * 30 + "7f",
]


def honest(n):
    return Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32)


def point_of(key):
    number = int.from_bytes(key, "little")
    sign, y = number >> 255, number % 2**255
    return next((x, y) for x in roots(y) if x & 1 == sign)


def signed_by_nobody(key, message):
    """A signature under a key of small order, without any private key; None if none fits.

    A signature (R, s) holds if s B = R + h A. With s = 0 R must be -h A, which is one of the
    eight points: one of them fits two messages in three.
    """
    public = Ed25519PublicKey.from_public_bytes(key)
    for point in TORSION:
        for r in spellings(point):
            signature = r + bytes(32)
            try:
                public.verify(signature, message)
            except InvalidSignature:
                continue
            return signature
    return None


def test_there_are_eight_points_of_small_order_and_fourteen_spellings():
    assert len(set(TORSION)) == 8
    assert all(times(8, point) == (0, 1) for point in TORSION)
    assert len(set(SMALL)) == 14
    unsigned = {int.from_bytes(key, "little") % 2**255 for key in SMALL}
    assert unsigned == {int.from_bytes(bytes.fromhex(k), "little") for k in PUBLISHED}


@pytest.mark.parametrize("key", SMALL, ids=bytes.hex)
def test_every_spelling_of_a_small_order_point_is_refused(key):
    assert flaw(key)


def test_the_attack_is_real():
    """Under every one of them the library takes a signature that needed no private key."""
    for key in SMALL:
        assert any(signed_by_nobody(key, bytes([n])) for n in range(32))


@pytest.mark.parametrize("torsion_point", TORSION[1:], ids=str)
def test_a_point_beside_the_prime_order_group_is_refused(torsion_point):
    own = point_of(honest(3).public_key().public_bytes_raw())
    x, y = add(own, torsion_point)
    assert flaw(encoded(y, x & 1)) == (
        "a point beside the group of prime order, which no private key leads to"
    )


@pytest.mark.parametrize("y", [2, 5, 2**255 - 20 - 6])
def test_what_is_no_point_is_refused(y):
    while roots(y % P):
        y += 1
    assert flaw(encoded(y % P, 0)) == "no point of the curve in its one spelling"


def test_unreduced_spellings_of_other_points_are_refused():
    unreduced = [y for y in range(19) if roots(y) and y > 1]
    assert unreduced
    for y in unreduced:
        assert flaw(encoded(y + P, 0)) == "no point of the curve in its one spelling"


@pytest.mark.parametrize("size", [0, 31, 33])
def test_another_length_is_refused(size):
    assert flaw(bytes(size)) == f"{size} bytes, where an Ed25519 key has 32"


def test_keys_that_were_made_as_they_should_be_are_good():
    # RFC 8032, section 7.1, and some of ours.
    rfc = [
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
    ]
    made = [honest(n).public_key().public_bytes_raw() for n in range(20)]
    for key in [*map(bytes.fromhex, rfc), *made]:
        assert flaw(key) is None
        assert times(L, point_of(key)) == (0, 1)


# ── Every door ──────────────────────────────────────────────────────────────────────────────


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


def token_under(key):
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
        if (signature := signed_by_nobody(key, signed)) is not None:
            return (signed + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()
    return None


@pytest.mark.parametrize("key", SMALL, ids=bytes.hex)
def test_no_file_of_any_form_brings_one_in(tmp_path, key):
    for path in as_files(key, tmp_path):
        for read in (keys.public_key, keys.node_key):
            with pytest.raises(ValueError, match=f"{path.name} holds no Ed25519 key that can"):
                read(path)
    for path in as_files(honest(1).public_key().public_bytes_raw(), tmp_path):
        assert keys.public_key(path) == honest(1).public_key()


@pytest.mark.parametrize("key", SMALL, ids=bytes.hex)
def test_no_registry_takes_one_from_code(tmp_path, key):
    with pytest.raises(ValueError, match="public_key of 'university' cannot be trusted: "):
        InMemoryRegistry(issuers=[issuer(key)])
    engine = open_database(tmp_path / "anml.db")
    registry = SqlRegistry(engine)
    with pytest.raises(ValueError, match="public_key of 'university' cannot be trusted: "):
        registry.add_issuer(issuer(key), at=DAY)
    assert registry.issuers(DAY) == ()
    engine.dispose()


def test_an_attestation_under_one_is_refused_though_its_signature_holds():
    forged = [(key, token) for key in SMALL if (token := token_under(key)) is not None]
    assert len(forged) == len(SMALL)  # the library takes them all
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


def test_a_row_of_a_database_vouches_for_nobody(tmp_path):
    for i, key in enumerate(SMALL):
        token = token_under(key)
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


def test_a_memory_that_was_given_one_later_refuses_its_tokens():
    for key in SMALL:
        token = token_under(key)
        registry = InMemoryRegistry({"a": Standing(public_key=b"key", data_hash=DATA)})
        registry.issuers = (issuer(key),)
        (refused,) = registry.present("a", [token], at=DAY)
        assert "is no key to trust" in refused
        assert registry.signals(["a"], at=DAY).v.tolist() == [0.25]


class Nobody:
    """Signs as the holder of a private key would, and has none."""

    def __init__(self, key):
        self.key = key

    def sign(self, message):
        if (signature := signed_by_nobody(self.key, message)) is None:
            raise InvalidSignature
        return signature


def forged_ledger(key):
    """A whole ledger under a key of small order, by whoever tries some names for the run."""
    for n in range(64):
        try:
            first = sign(open_fields(f"run-{n}", "anml", 10, key), 0, b"0" * 64, Nobody(key))
            head = hashlib.sha256(first).hexdigest().encode()
            return [first + b"\n", sign(close_fields(0, {}), 1, head, Nobody(key)) + b"\n"]
        except InvalidSignature:
            continue
    return None


def test_a_ledger_that_nobody_signed_is_not_verified_though_its_signatures_hold(tmp_path):
    forged = [(key, lines) for key in SMALL if (lines := forged_ledger(key))]
    assert len(forged) == len(SMALL)
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


def test_the_command_adds_no_issuer_with_one(tmp_path):
    database = str(tmp_path / "registry.db")
    for path in as_files(SMALL[0], tmp_path):
        command = ["registry", "add", "issuer", "university", "--key", str(path)]
        trust = ["--level", "peer-reviewed", "--until", "2099-01-01", "--database", database]
        result = CliRunner().invoke(main, [*command, *trust])
        assert result.exit_code != 0
        assert f"{path.name} holds no Ed25519 key that can be trusted" in result.output
