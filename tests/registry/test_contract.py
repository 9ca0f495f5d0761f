"""What the durable registry promises, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

import math

import numpy as np
import pytest

from anml_fl.method.provenance import DECAY_RATES, Verification
from anml_fl.registry.context import Context
from anml_fl.registry.domain import Contribution, Contributor, Issuer, Revocation, Withdrawn
from anml_fl.registry.interface import CredentialRegistry, ReputationRegistry
from anml_fl.registry.sql import SqlRegistry

SELF, PEER, INSTITUTION, FLAGGED = 0.25, 0.85, 0.65, 0.075


def test_it_is_both_kinds_of_registry(world):
    assert isinstance(world.registry, CredentialRegistry)
    assert isinstance(world.registry, ReputationRegistry)


@pytest.mark.parametrize("name", ["nobody", "", "a\0b", "\ud800", "x" * 10_000, "Ω'\"%;--"])
def test_nobody_knows_a_stranger(world, name):
    world.join("a")
    assert world.vrt(name, 5) == (SELF, 0.4, 1.0)
    assert len(world.show(name, "token", at=1)) == 1


def test_answers_come_in_the_order_asked(world):
    world.trust()
    for i, name in enumerate("cab"):
        world.join(name)
        world.bring(name, i)
    assert world.show("a", world.token("a", 1), at=1) == ()
    found = world.registry.signals(["b", "x", "a", "c", "a"], at=world.day(2))
    assert found.v.tolist() == [SELF, SELF, PEER, SELF, PEER]
    assert all(x.dtype == np.float64 for x in (found.v, found.r, found.T))


def test_nothing_counts_before_it_was_recorded(world):
    world.join("a", at=1)
    world.bring("a", 1, at=2, collected=-365.25)
    world.trust(at=1)
    assert world.show("a", world.token("a", 1), at=3) == ()
    decayed = math.exp(-0.5 * (1 + 2 / 365.25))
    assert [world.vrt("a", t)[0] for t in (0, 1, 2, 3)] == [SELF, SELF, SELF, PEER]
    assert world.vrt("a", 1.999)[2] == 1.0
    assert world.vrt("a", 2)[2] == pytest.approx(decayed, rel=1e-14)


def test_T_starts_when_data_were_collected_and_future_data_are_fresh(world):
    for name, domain in zip("abcd", DECAY_RATES, strict=True):
        world.join(name, domain=domain)
    for i, name in enumerate("abcd"):
        world.bring(name, i, collected=-365.25 * 4)
    found = world.registry.signals(list("abcd"), at=world.day(0)).T
    assert found == pytest.approx([math.exp(-4 * rate) for rate in (0.001, 0.01, 0.1, 0.5)])
    world.bring("d", 9, at=1, collected=50)
    assert world.vrt("d", 2)[2] == 1.0


def test_context_mixes_three_decays(world, engine):
    world.join("a", domain="news")
    world.bring("a", 1, collected=-365.25 * 2)
    registry = SqlRegistry(engine, context=Context("theory", 0.1, (0.5, 0.3, 0.2)))
    expected = 0.5 * math.exp(-1) + 0.3 * math.exp(-0.002) + 0.2 * math.exp(-0.2)
    found = registry.signals(["a", "x"], at=world.day(0)).T
    assert found.tolist() == pytest.approx([expected, 1.0])


@pytest.mark.parametrize(
    "bad", [("x", 0.1, (1, 0, 0)), ("news", -1, (1, 0, 0)), ("news", 0.1, (1, 1, 0))]
)
def test_context_refuses_what_is_no_context(bad):
    with pytest.raises(ValueError, match=r"destination|relation|sum to 1"):
        Context(*bad)


def test_best_level_counts_and_only_for_the_current_contribution(world):
    world.join("a")
    world.bring("a", 1)
    world.trust()
    low = world.token("a", 1, level=Verification.INSTITUTION_VERIFIED, id="low")
    assert world.show("a", low, world.token("a", 1, id="high"), at=1) == ()
    assert world.vrt("a", 1)[0] == PEER
    world.bring("a", 2, at=2)
    assert [world.vrt("a", t)[0] for t in (1.9, 2)] == [PEER, SELF]
    assert (
        world.show("a", world.token("a", 2, id="2", level=low and list(Verification)[2]), at=3)
        == ()
    )
    assert world.vrt("a", 3)[0] == INSTITUTION


def test_an_attestation_expires(world):
    world.join("a")
    world.bring("a", 1)
    world.trust()
    assert world.show("a", world.token("a", 1, expires=10), at=1) == ()
    assert [world.vrt("a", t)[0] for t in (9.999, 10)] == [PEER, SELF]
    assert [held.lost for held in world.registry.attestations("a", world.day(10))] == [
        "expired"
    ]


def test_a_flag_wins_over_attestations_from_its_moment_on(world):
    world.join("a/b")
    world.bring("a/b", 1)
    world.trust()
    assert world.show("a/b", world.token("a/b", 1), at=1) == ()
    flag = Revocation(
        Withdrawn.CONTRIBUTION, f"a/b/{world.data(1)}", world.day(7), "retracted"
    )
    world.registry.revoke(flag, world.day(5))
    assert [world.vrt("a/b", t)[0] for t in (5, 6.9, 7)] == [PEER, PEER, FLAGGED]
    world.bring("a/b", 2, at=8)
    assert world.vrt("a/b", 8)[0] == SELF


def test_a_revoked_attestation_loses_its_effect_at_its_moment(world):
    world.join("a")
    world.bring("a", 1)
    world.trust()
    assert world.show("a", world.token("a", 1), at=1) == ()
    word = Revocation(Withdrawn.ATTESTATION, f"{world.key_id}/1", world.day(3), "error")
    world.registry.revoke(word, world.day(4))
    # What was answered for day 3 stays so: nobody knew.
    assert [world.vrt("a", t)[0] for t in (3, 3.9, 4)] == [PEER, PEER, SELF]
    assert [h.lost for h in world.registry.attestations("a", world.day(4))] == ["revoked"]
    assert "revoked" in world.show("a", world.token("a", 1), at=5)[0]


def test_a_stolen_key_loses_what_was_received_or_issued_after_the_moment(world):
    for name in "abc":
        world.join(name)
        world.bring(name, 1)
    world.trust()
    assert world.show("a", world.token("a", 1, id="a", issued=1), at=2) == ()
    # Dated back by the thief: issued before the moment, received after.
    assert world.show("b", world.token("b", 1, id="b", issued=1), at=6) == ()
    lost = Revocation(Withdrawn.ISSUER_KEY, world.key_id, world.day(5), "stolen")
    world.registry.revoke(lost, world.day(8))
    assert [world.vrt(name, 7)[0] for name in "ab"] == [PEER, PEER]
    assert [world.vrt(name, 8)[0] for name in "ab"] == [PEER, SELF]
    (why,) = world.show("c", world.token("c", 1, id="c", issued=1), at=9)
    assert "stolen" in why
    # What is held and keeps its effect may be shown again.
    assert world.show("a", world.token("a", 1, id="a", issued=1), at=9) == ()


def test_a_token_is_kept_once_and_its_id_is_its_own(world):
    world.join("a")
    world.bring("a", 1)
    world.trust()
    token = world.token("a", 1)
    assert world.show("a", token, token, at=1) == ()
    assert world.show("a", token, at=2) == ()
    (held,) = world.registry.attestations("a", world.day(3))
    assert (held.received, held.lost, held.attestation.token) == (world.day(1), None, token)
    (why,) = world.show("a", world.token("a", 1, expires=400), at=2)
    assert "another token" in why


def test_bad_tokens_are_refused_one_by_one(world):
    world.join("a")
    world.join("b")
    world.bring("a", 1)
    world.trust()
    good, others = world.token("a", 1), world.token("b", 1, id="2")
    refused = world.show("a", "", "a.b.c", others, good, at=1)
    assert len(refused) == 3
    assert world.vrt("a", 1)[0] == PEER


def test_a_token_before_its_issuer_or_contribution_is_refused(world):
    world.join("a")
    world.bring("a", 1, at=2)
    world.trust(at=3)
    token = world.token("a", 1)
    assert [len(world.show("a", token, at=t)) for t in (1, 2, 3)] == [1, 1, 0]


def test_another_registry_on_the_same_database_sees_what_was_added(world, worlds):
    other = worlds(world.engine)
    assert other.vrt("a", 1) == (SELF, 0.4, 1.0)
    world.join("a")
    world.bring("a", 1, collected=-365.25)
    world.trust()
    assert other.vrt("a", 1)[2] < 0.7
    assert world.show("a", world.token("a", 1), at=1) == ()
    world.registry.observe("run", world.a_round(1, 1, world.one("a")))
    assert other.vrt("a", 2) == world.vrt("a", 2)
    assert other.vrt("a", 2)[:2] == (PEER, 1.8 / 3)


def bad_facts(world):
    day, key = world.day(0), bytes(32)
    person, data = Contributor("b", "B", "news", b"b", day), world.data(5)
    r, add = world.registry, world.registry.add_contribution
    peer = frozenset({Verification.PEER_REVIEWED})

    def revoke(kind, target):
        r.revoke(Revocation(kind, target, day, "why"), day)

    return {
        "one of theory, .* got 'x'": lambda: r.add_contributor(
            Contributor("b", "B", "x", b"b", day), day
        ),
        "'a' is there already": lambda: r.add_contributor(
            Contributor("a", "A", "news", b"b", day), day
        ),
        "is that of 'a'": lambda: r.add_contributor(
            Contributor("b", "B", "news", world.public_key("a"), day), day
        ),
        "is empty": lambda: r.add_contributor(Contributor("b", "B", "news", b"", day), day),
        "not empty, got ''": lambda: r.add_contributor(
            Contributor("", "B", "news", b"b", day), day
        ),
        "time zone": lambda: r.add_contributor(person, day.replace(tzinfo=None)),
        "'b' is unknown": lambda: add(Contribution("b", data, 1, day), day),
        "64 lower-case": lambda: add(Contribution("a", data.upper(), 1, day), day),
        "size must": lambda: add(Contribution("a", data, 0, day), day),
        "0001 of 'a' is there": lambda: add(Contribution("a", world.data(1), 1, day), day),
        "32 bytes": lambda: r.add_issuer(Issuer("u", b"x", peer, day, world.day(1)), day),
        "got none": lambda: r.add_issuer(
            Issuer("u", key, frozenset(), day, world.day(1)), day
        ),
        "got SELF_ATTESTED": lambda: r.add_issuer(
            Issuer("u", key, frozenset({Verification.SELF_ATTESTED}), day, world.day(1)), day
        ),
        "until must": lambda: r.add_issuer(Issuer("u", key, peer, day, day), day),
        "issuers' key .* is there": world.trust,
        "no issuer's key": lambda: revoke(Withdrawn.ISSUER_KEY, "x"),
        "no issuer's key that": lambda: revoke(Withdrawn.ATTESTATION, "x/1"),
        "is KEY_ID/ID": lambda: revoke(Withdrawn.ATTESTATION, world.key_id),
        "is its SHA-256, got": lambda: revoke(Withdrawn.ISSUER_KEY, f"{world.key_id}/1"),
        "no contribution": lambda: revoke(Withdrawn.CONTRIBUTION, f"a/{data}"),
        "lists a contributor twice": lambda: r.observe(
            "run", world.a_round(1, 1, world.one("a"), world.one("a"))
        ),
        "run must": lambda: r.observe("", world.a_round(1, 1, world.one("a"))),
        "'x' is unknown": lambda: r.history("x", day),
    }


def test_bad_facts_are_refused_and_the_error_teaches(world):
    world.join("a")
    world.bring("a", 1)
    world.trust()
    for message, call in bad_facts(world).items():
        with pytest.raises(ValueError, match=message):
            call()
    lost = Revocation(Withdrawn.ISSUER_KEY, world.key_id, world.day(5), "stolen")
    world.registry.revoke(lost, world.day(8))
    with pytest.raises(ValueError, match="already"):
        world.registry.revoke(lost, world.day(9))
    assert len(world.registry.contributors(world.day(9))) == 1


def test_readers_give_back_what_was_added_and_was_known(world):
    world.join("a", at=1)
    world.bring("a", 1, at=2, collected=0.5)
    world.trust(at=3)
    lost = Revocation(Withdrawn.ISSUER_KEY, world.key_id, world.day(9), "stolen")
    world.registry.revoke(lost, world.day(4))
    r, day = world.registry, world.day
    person = Contributor("a", "Name a", "news", world.public_key("a"), day(1))
    key = world.issuer_key.public_key().public_bytes_raw()
    levels = frozenset(list(Verification)[:3])
    assert (r.contributors(day(0)), r.contributors(day(1))) == ((), (person,))
    data = Contribution("a", world.data(1), 10, day(0.5))
    assert (r.contributions("a", day(1)), r.contributions("a", day(2))) == ((), (data,))
    issuer = Issuer("university", key, levels, day(0), day(1000))
    assert (r.issuers(day(2)), r.issuers(day(3))) == ((), (issuer,))
    assert (r.revocations(day(3)), r.revocations(day(4))) == ((), (lost,))
