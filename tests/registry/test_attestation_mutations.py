"""More than ten thousand tokens that are not genuine, and none accepted.

Each kind starts from a genuine token and ends in another string; where hypothesis finds
its way back to the genuine one, that one is accepted.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from anml_fl.method.provenance import Verification
from anml_fl.registry.attestation import AttestationError, check
from anml_fl.registry.simulated import (
    PRESENT,
    credential,
    data_hash_of,
    public_key_of,
    simulated_issuer,
)

pytestmark = pytest.mark.slow

SEED, CONTRIBUTOR = 3, "contributor-0000"
KEY, ISSUER = simulated_issuer(SEED)
GENUINE = credential(SEED, CONTRIBUTOR, Verification.INSTITUTION_VERIFIED)
# What an attacker may have beside it: other levels, other contributors, other issuers' keys.
OTHERS = [
    *(credential(SEED, f"contributor-000{i}", Verification.PEER_REVIEWED) for i in (1, 2)),
    credential(SEED + 1, CONTRIBUTOR, Verification.PEER_REVIEWED),
]
PARTS = GENUINE.split(".")
HEADER, CLAIMS = (
    json.loads(base64.urlsafe_b64decode(part + -len(part) % 4 * "=")) for part in PARTS[:2]
)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def many(test):
    # Some come up twice: a thousand different ones of each kind are meant.
    return settings(max_examples=1500, deadline=None, derandomize=True, database=None)(test)


def accepted(token):
    reason = ""
    try:
        check(
            token,
            issuers=[ISSUER],
            subject=public_key_of(SEED, CONTRIBUTOR),
            data_hashes={data_hash_of(SEED, CONTRIBUTOR)},
            at=PRESENT,
        )
    except AttestationError as refused:
        reason = str(refused)
    assert reason.isprintable()
    assert len(reason) <= 120
    return not reason


def encoded(content):
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def signed(header, claims, key):
    content = f"{encoded(header)}.{encoded(claims)}"
    return f"{content}.{encoded(key.sign(content.encode()))}"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
HEADERS = st.sampled_from(
    ["alg", "typ", "kid", "jwk", "jku", "x5c", "x5u", "x5t", "cty", "crit", "b64", "zip"]
)
KEYS = st.binary(min_size=32, max_size=32).map(Ed25519PrivateKey.from_private_bytes)


def test_the_genuine_token_is_accepted():
    assert accepted(GENUINE)


@many
@given(st.data())
def test_bytes_flipped(data):
    text = bytearray(GENUINE.encode())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(text) - 1))
        text[place] ^= data.draw(st.integers(1, 255))
    token = text.decode("latin-1")
    assert accepted(token) == (token == GENUINE)


@many
@given(st.integers(0, len(GENUINE) - 1), st.sampled_from(ALPHABET))
def test_one_letter_for_another(place, letter):
    # Also the last letter of a part, whose unused bits many decoders pass over.
    token = GENUINE[:place] + letter + GENUINE[place + 1 :]
    assert accepted(token) == (token == GENUINE)


def test_every_last_letter_of_a_part():
    for index, part in enumerate(PARTS):
        for letter in set(ALPHABET) - {part[-1]}:
            changed = [*PARTS]
            changed[index] = part[:-1] + letter
            assert not accepted(".".join(changed))


@many
@given(st.lists(st.sampled_from([p for t in [GENUINE, *OTHERS] for p in t.split(".")] + [""])))
def test_parts_put_together_anew(parts):
    token = ".".join(parts)
    assert accepted(token) == (token == GENUINE)


def test_parts_swapped_with_other_genuine_tokens():
    tokens = [one.split(".") for one in [GENUINE, *OTHERS]]
    for header, payload, signature in itertools.product(tokens, repeat=3):
        # Tokens of one issuer share their header.
        token = ".".join((header[0], payload[1], signature[2]))
        assert accepted(token) == (token == GENUINE)


@many
@given(st.integers(0, len(GENUINE)), st.integers(0, len(GENUINE)), st.booleans())
def test_truncated_or_with_a_piece_cut_out(start, stop, cut):
    start, stop = sorted((start, stop))
    token = GENUINE[:start] + GENUINE[stop:] if cut else GENUINE[start:stop]
    assert accepted(token) == (token == GENUINE)


def test_every_beginning_and_every_end():
    for place in range(len(GENUINE)):
        assert not accepted(GENUINE[:place])
        assert not accepted(GENUINE[place + 1 :])


@many
@given(st.integers(0, len(GENUINE)), st.text(min_size=1, max_size=9))
def test_anything_put_in(place, text):
    assert not accepted(GENUINE[:place] + text + GENUINE[place:])


@many
@given(
    st.integers(0, 3),
    st.text(" \t\r\n\v\f\0=.~+/\u2028\u00a0\ufeff", min_size=1, max_size=4),
)
def test_padding_and_whitespace(place, text):
    at = [0, len(PARTS[0]), len(PARTS[0]) + 1 + len(PARTS[1]), len(GENUINE)][place]
    assert not accepted(GENUINE[:at] + text + GENUINE[at:])


def test_padding_as_base64_usually_has_it():
    padded = [part + -len(part) % 4 * "=" for part in PARTS]
    assert padded != PARTS
    for chosen in itertools.product(*zip(PARTS, padded, strict=True)):
        token = ".".join(chosen)
        assert accepted(token) == (token == GENUINE)


@many
@given(HEADERS, VALUES, st.booleans())
def test_header_edited_under_the_old_signature_or_a_good_one(name, value, sign):
    header = HEADER | {name: value}
    if header == HEADER:
        return
    token = signed(header, CLAIMS, KEY) if sign else f"{encoded(header)}.{'.'.join(PARTS[1:])}"
    assert not accepted(token)


@many
@given(st.sampled_from(list(CLAIMS)), VALUES)
def test_claims_changed_under_the_old_signature(name, value):
    payload = encoded(CLAIMS | {name: value})
    token = f"{PARTS[0]}.{payload}.{PARTS[2]}"
    assert accepted(token) == (token == GENUINE)


@many
@given(KEYS, st.booleans(), st.booleans())
def test_signed_again_by_another_key(key, own_kid, raised):
    public = key.public_key().public_bytes_raw()
    header = HEADER | ({"kid": hashlib.sha256(public).hexdigest()} if own_kid else {})
    claims = CLAIMS | ({"level": "independently-reproduced"} if raised else {})
    assert not accepted(signed(header, claims, key))
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": encoded(public)}
    assert not accepted(signed(header | {"jwk": jwk}, claims, key))


PUBLIC = KEY.public_key()
SECRETS = [
    ISSUER.public_key,
    encoded(ISSUER.public_key).encode(),
    ISSUER.public_key.hex().encode(),
    hashlib.sha256(ISSUER.public_key).hexdigest().encode(),
    b"",
    PUBLIC.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    PUBLIC.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    PUBLIC.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).strip(),
    PUBLIC.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH),
]


@many
@given(
    st.sampled_from(SECRETS),
    st.sampled_from(["sha256", "sha384", "sha512"]),
    st.sampled_from(["HS256", "HS384", "HS512", "hs256", "Ed25519", "EdDSA"]),
    st.sampled_from(["independently-reproduced", "peer-reviewed", CLAIMS["level"]]),
    st.sampled_from([0, 32, 64]),
)
def test_the_public_key_is_no_secret(secret, digest, name, level, length):
    content = f"{encoded(HEADER | {'alg': name})}.{encoded(CLAIMS | {'level': level})}"
    mac = hmac.digest(secret, content.encode(), digest)
    mac = mac.ljust(length, b"\0")[:length] if length else mac
    assert not accepted(f"{content}.{encoded(mac)}")


@many
@given(
    st.tuples(*(st.sampled_from([c, c.upper()]) for c in "none")).map("".join),
    st.sampled_from(["", " ", "\t", "\0", "\u200b"]),
    st.booleans(),
    st.sampled_from(["", PARTS[2], "AA", encoded(bytes(64))]),
    st.sampled_from([{}, {"typ": None}, {"kid": None}, {"b64": False, "crit": ["b64"]}]),
)
def test_alg_none_in_every_spelling(name, blank, before, signature, more):
    header = HEADER | {"alg": blank + name if before else name + blank} | more
    header = {key: value for key, value in header.items() if value is not None}
    assert not accepted(f"{encoded(header)}.{PARTS[1]}.{signature}")


@many
@given(st.binary(max_size=64), st.integers(1, 15))
def test_other_signatures(signature, multiple):
    assert not accepted(f"{PARTS[0]}.{PARTS[1]}.{encoded(signature)}")
    # S + k L verifies where S is not held to be below L, the order of the group.
    order = 2**252 + 27742317777372353535851937790883648493
    genuine = base64.urlsafe_b64decode(PARTS[2] + "==")
    s = int.from_bytes(genuine[32:], "little") + multiple * order
    if s < 2**256:
        other = genuine[:32] + s.to_bytes(32, "little")
        assert not accepted(f"{PARTS[0]}.{PARTS[1]}.{encoded(other)}")


@many
@given(st.text(max_size=300))
def test_any_text(text):
    assert not accepted(text)


@pytest.mark.parametrize("kind", ["flattened", "general"])
def test_json_serialisation(kind):
    protected, payload, signature = PARTS
    one = {"protected": protected, "signature": signature}
    whole = {"payload": payload}
    whole |= one if kind == "flattened" else {"signatures": [one]}
    assert not accepted(json.dumps(whole))
