"""Signatures are checked once; what may change is asked each time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from anml_fl.method.provenance import Verification
from anml_fl.registry import signatures as module
from anml_fl.registry.domain import Revocation, Withdrawn
from anml_fl.registry.forged_attestations import KINDS, simulated_forgeries
from anml_fl.registry.memory import InMemoryRegistry, Standing
from anml_fl.registry.signatures import Signatures
from anml_fl.registry.simulated import (
    PRESENT,
    credential,
    data_hash_of,
    public_key_of,
    simulated_issuer,
)

ISSUER = simulated_issuer(0)[1]
STANDING = Standing(public_key=public_key_of(0, "a"), data_hash=data_hash_of(0, "a"))
FORGED = simulated_forgeries(0, "a", "b")
# "no signature", "wrong issuer", "altered level", "another's token", "expired": the others are
# refused by their header.
SIGNED = len(KINDS) - 2


@pytest.fixture
def checks(monkeypatch):
    """Count signature checks."""
    found = []
    check = module._holds
    monkeypatch.setattr(
        module, "_holds", lambda token, key: (found.append(token), check(token, key))[1]
    )
    return found


def registry(**given):
    return InMemoryRegistry({"a": STANDING}, issuers=[ISSUER], epoch=PRESENT, **given)


def test_a_forgers_second_round_checks_no_signature_and_is_refused_in_the_same_words(checks):
    one = registry()
    first = one.present("a", FORGED, at=0.0)
    assert (len(first), len(checks)) == (len(KINDS), SIGNED)
    for number in range(1, 4):
        assert one.present("a", FORGED, at=0.001 * number) == first
    assert len(checks) == SIGNED


def test_in_a_database_too(world, checks):
    world.join("a")
    world.bring("a", 1)
    world.trust()
    forged = world.token("a", 1)[:-8] + "AAAAAAAA"
    first = world.show("a", forged, at=1)
    assert "signature" in first[0]
    assert world.show("a", forged, at=2) == first
    assert len(checks) == 1


def test_what_expires_between_two_rounds_is_refused_in_the_second(checks):
    token = credential(0, "a", Verification.PEER_REVIEWED, expires=PRESENT + timedelta(days=1))
    one = registry()
    assert one.present("a", [token], at=0.0) == ()
    (why,) = one.present("a", [token], at=PRESENT + timedelta(days=2))
    assert "expired" in why
    assert len(checks) == 1


def test_who_is_not_trusted_yet_is_asked_about_again(checks):
    token = credential(0, "a", Verification.PEER_REVIEWED)
    one = registry()
    trusted, one.issuers = one.issuers, ()
    (why,) = one.present("a", [token], at=0.0)
    assert "no issuer's key" in why
    one.issuers = trusted
    assert one.present("a", [token], at=0.0) == ()
    assert len(checks) == 1


def test_data_that_are_brought_later_are_attested_by_the_token_that_was_refused(checks):
    token = credential(0, "a", Verification.PEER_REVIEWED)
    one = registry()
    one.standings["a"] = replace(STANDING, data_hash="sha256:" + "0" * 64)
    (why,) = one.present("a", [token], at=0.0)
    assert "no contribution" in why
    one.standings["a"] = STANDING
    assert one.present("a", [token], at=0.0) == ()
    assert len(checks) == 1


def test_what_was_revoked_meanwhile_is_refused(world, checks):
    world.join("a")
    world.bring("a", 1)
    world.trust()
    token = world.token("a", 1)
    assert world.show("a", token, at=1) == ()
    gone = Revocation(Withdrawn.ATTESTATION, f"{world.key_id}/1", world.day(2), "a mistake")
    world.registry.revoke(gone, world.day(2))
    (why,) = world.show("a", token, at=3)
    assert "it is revoked" in why
    assert len(checks) == 1


def test_the_same_token_under_another_key_is_another_question(checks):
    token, known = credential(0, "a", Verification.PEER_REVIEWED), Signatures()
    key, other = ISSUER.public_key, public_key_of(0, "b")
    for _ in range(2):
        assert [known.hold(token, one) for one in (key, other)] == [True, False]
    assert (len(checks), len(known)) == (2, 2)


def test_whoever_shows_ever_new_tokens_fills_no_memory(checks):
    known = Signatures(most=3)
    key = ISSUER.public_key
    tokens = [f"e30.e30.{number}" for number in range(5)]
    known.hold("e30.e30.kept", key)
    for token in tokens:
        known.hold(token, key)
        known.hold("e30.e30.kept", key)
    assert len(known) == 3
    # The one that is asked for in between is never forgotten; the first others are.
    assert len(checks) == 6
    known.hold(tokens[0], key)
    known.hold("e30.e30.kept", key)
    assert len(checks) == 7
