"""Forged credentials are what they are said to be, and none is accepted."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import timedelta

import pytest

from anml_fl.method.provenance import Verification
from anml_fl.registry import simulated
from anml_fl.registry.attestation import AttestationError, check
from anml_fl.registry.forged_attestations import KINDS, simulated_forgeries

SEED, FORGER, ANOTHER = 5, "contributor-0004", "contributor-0002"
TOKENS = dict(zip(KINDS, simulated_forgeries(SEED, FORGER, ANOTHER), strict=True))
OWN = simulated.credential(SEED, FORGER, Verification.INSTITUTION_VERIFIED)


def shown(token, contributor=FORGER, at=simulated.PRESENT):
    return check(
        token,
        issuers=[simulated.simulated_issuer(SEED)[1]],
        subject=simulated.public_key_of(SEED, contributor),
        data_hashes=[simulated.data_hash_of(SEED, contributor)],
        at=at,
    )


def fields(part):
    return json.loads(base64.urlsafe_b64decode(part + "=="))


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("no signature", "the signature is not by the key"),
        ("wrong issuer", "the signature is not by the key"),
        ("altered level", "the signature is not by the key"),
        ("another's token", "is another contributor's key"),
        ("expired", "expired 2025-12-31"),
        ("alg none", "alg 'none': only 'Ed25519'"),
        ("key confusion", "alg 'HS256': only 'Ed25519'"),
    ],
)
def test_each_kind_is_refused_for_what_it_is(kind, reason):
    with pytest.raises(AttestationError, match=reason):
        shown(TOKENS[kind])


def test_the_forger_has_one_genuine_lower_token():
    assert shown(OWN).level is Verification.INSTITUTION_VERIFIED
    assert OWN not in TOKENS.values()


def test_the_stolen_and_the_expired_token_are_genuine():
    assert shown(TOKENS["another's token"], ANOTHER).level is Verification.PEER_REVIEWED
    earlier = simulated.PRESENT - timedelta(days=100)
    assert shown(TOKENS["expired"], at=earlier).level is Verification.PEER_REVIEWED


def test_the_rest_wishes_for_a_higher_level_and_is_otherwise_as_the_genuine_one():
    _, issuer = simulated.simulated_issuer(SEED)
    header, payload, signature = OWN.split(".")
    parts = {kind: token.split(".") for kind, token in TOKENS.items()}
    for kind in ("no signature", "wrong issuer", "altered level", "alg none", "key confusion"):
        assert fields(parts[kind][1]) == fields(payload) | {"level": "peer-reviewed"}
    for kind in ("no signature", "wrong issuer", "altered level"):
        assert parts[kind][0] == header
    assert parts["no signature"][2] == parts["alg none"][2] == ""
    assert parts["altered level"][2] == signature
    assert fields(parts["alg none"][0]) == fields(header) | {"alg": "none"}

    stranger, _ = simulated.simulated_issuer(SEED, f"forger {FORGER}")
    content, _, by_stranger = TOKENS["wrong issuer"].rpartition(".")
    stranger.public_key().verify(
        base64.urlsafe_b64decode(by_stranger + "=="), content.encode()
    )
    content, _, mac = TOKENS["key confusion"].rpartition(".")
    expected = hmac.new(issuer.public_key, content.encode(), hashlib.sha256).digest()
    assert base64.urlsafe_b64decode(mac + "=") == expected


def test_forgeries_follow_from_the_seed():
    assert simulated_forgeries(SEED, FORGER, ANOTHER) == list(TOKENS.values())
    other = simulated_forgeries(SEED + 1, FORGER, ANOTHER)
    assert not set(other) & set(TOKENS.values())
