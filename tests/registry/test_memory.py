"""The registry in memory: credentials shown to it, and reputation earned in it."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from datetime import timedelta
from statistics import median

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anml_fl.database.engine import open_database
from anml_fl.method.provenance import Verification
from anml_fl.method.records import ContributorRecord, RoundRecord
from anml_fl.method.reputation import ReputationRule
from anml_fl.registry.domain import Contributor
from anml_fl.registry.interface import CredentialRegistry, ReputationRegistry
from anml_fl.registry.memory import InMemoryRegistry, Standing
from anml_fl.registry.simulated import (
    EXPIRES,
    ISSUED,
    PRESENT,
    credential,
    data_hash_of,
    public_key_of,
    simulated_issuer,
)
from anml_fl.registry.sql import SqlRegistry

SEED = 5
SELF, PEER, INSTITUTION = 0.25, 0.85, 0.65
DAY = timedelta(days=1)


def year(date):
    return (date - PRESENT) / timedelta(days=365.25)


@pytest.fixture
def registry():
    """Two contributors whose data anybody may vouch for, and one trusted issuer."""
    known = {
        name: Standing(
            public_key=public_key_of(SEED, name), data_hash=data_hash_of(SEED, name)
        )
        for name in ("a", "b")
    }
    return InMemoryRegistry(known, issuers=[simulated_issuer(SEED)[1]], epoch=PRESENT)


def v(registry, at, name="a"):
    return registry.signals([name], at=at).v.item()


def peer(name="a", **more):
    return credential(SEED, name, Verification.PEER_REVIEWED, **more)


# ── Credentials ─────────────────────────────────────────────────────────────────────────────


def test_it_is_both_kinds_of_registry(registry):
    assert isinstance(registry, CredentialRegistry)
    assert isinstance(registry, ReputationRegistry)


def test_a_genuine_token_lifts_v_from_when_it_is_shown_until_it_expires(registry):
    shown = PRESENT + 10 * DAY
    assert registry.present("a", [peer()], at=shown) == ()
    moments = [shown - DAY, shown, EXPIRES - DAY, EXPIRES, EXPIRES + DAY]
    assert [v(registry, at) for at in moments] == [SELF, PEER, PEER, SELF, SELF]
    assert v(registry, shown, "b") == SELF


def test_the_best_level_that_holds_counts_and_never_lowers_v(registry):
    soon = PRESENT + 5 * DAY
    tokens = [
        credential(SEED, "a", Verification.INSTITUTION_VERIFIED),
        peer(expires=soon),
    ]
    assert registry.present("a", tokens, at=0.0) == ()
    assert [v(registry, at) for at in (PRESENT, soon)] == [PEER, INSTITUTION]
    registry.standings["a"] = replace(registry.standings["a"], v=0.9)
    assert v(registry, PRESENT) == 0.9


def test_refusals_come_one_by_one_and_do_not_spoil_the_rest(registry):
    stolen, forged = peer("b"), peer()[:-8] + "AAAAAAAA"
    unknown = peer(issuer="diploma mill")
    refused = registry.present("a", ["", stolen, forged, unknown, peer()], at=0.0)
    assert len(refused) == 4
    assert "another contributor's key" in refused[1]
    assert "signature" in refused[2]
    assert "no issuer's key" in refused[3]
    assert v(registry, 0.0) == PEER


def test_the_same_token_twice_is_held_once(registry):
    token = peer()
    assert registry.present("a", [token, token], at=0.0) == ()
    assert registry.present("a", [token], at=0.5) == ()
    assert len(registry.standings["a"].attestations) == 1
    assert v(registry, 0.0) == PEER


@pytest.mark.parametrize("held", [False, True])
def test_an_expired_token_is_refused_even_if_it_is_held(registry, held):
    if held:
        assert registry.present("a", [peer()], at=0.0) == ()
    (why,) = registry.present("a", [peer()], at=EXPIRES)
    assert "expired" in why


def test_a_token_from_before_it_was_issued_is_refused(registry):
    (why,) = registry.present("a", [peer()], at=ISSUED - DAY)
    assert "after it was received" in why


def test_a_stranger_has_every_token_refused_and_stays_one(registry):
    assert (
        registry.present("x", [peer(), peer()], at=0.0)
        == ("the registry does not know this contributor",) * 2
    )
    assert "x" not in registry.standings
    assert v(registry, 0.0, "x") == SELF
    assert registry.present("x", [], at=0.0) == ()


@given(st.integers(0, 400 * 86_400), st.integers(-2, 2), st.booleans())
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
    derandomize=True,
)
def test_dates_and_years_give_the_same_answers(registry, second, off, dated):
    shown, asked = (PRESENT + timedelta(seconds=s) for s in (second, second + off))
    fresh = InMemoryRegistry(
        {
            **registry.standings,
            "old": Standing(rate=0.5, collected=-1.0),
        },
        issuers=registry.issuers,
        epoch=PRESENT,
    )
    refused = fresh.present("a", [peer()], at=shown if dated else year(shown))
    assert bool(refused) == (shown >= EXPIRES)
    by_date, by_year = (fresh.signals(["a", "old"], at=at) for at in (asked, year(asked)))
    expected = PEER if shown <= asked < EXPIRES else SELF
    assert (by_date.v[0], by_year.v[0]) == (expected, expected)
    assert by_date.T[1] == by_year.T[1]
    assert by_year.T[1] == pytest.approx(math.exp(-0.5 * (year(asked) + 1)), rel=1e-14)


# ── Reputation ──────────────────────────────────────────────────────────────────────────────


def person(name, q=1.0, selected=True, reason=None):
    return ContributorRecord(name, q, 0.8, 0.4, 1.0, 0.3, 0.5, selected, reason)


def a_round(number, *people, branch="krum", at=56.0):
    # Of fewer than four updates q says nothing, and nothing is observed.
    valid = sum(one.reason is None for one in people)
    others = [person(f"bystander-{i}") for i in range(4 - valid)]
    return RoundRecord(number, "anml", branch, 0.1, 0.2, (*people, *others), at=at)


def r(registry, *names):
    return registry.signals(names, at=0.0).r.tolist()


def outcome(one, record):
    """What the rule says of a valid update, in plain sums."""
    valid = [p.q for p in record.contributors if p.reason is None and not math.isnan(p.q)]
    middle = median(valid)
    spread = 1.4826 * median(abs(q - middle) for q in valid)
    near = one.q >= middle / 2 or one.q >= middle - 2.5 * spread
    size = 1.0 if record.branch == "uniform" or near == one.selected else 0.5
    return size if near else -size


def test_reputation_moves_by_the_beta_rule_with_forgetting():
    registry = InMemoryRegistry(rule=ReputationRule(forgetting=0.7, newcomer=3, r_min=0.4))
    # By spread alone "e" is far, by half of the median it is not: it takes both.
    qs = {"a": 1.0, "b": 0.95, "c": 0.9, "d": 0.1, "e": 0.5}
    evidence = dict.fromkeys(qs, (0.0, 0.0))
    for number in range(1, 9):
        people = [
            person(name, q, selected=(name != "d") != (number in (2, 4) and name == "a"))
            for name, q in qs.items()
        ]
        record = a_round(number, *people, branch="uniform" if number == 2 else "krum")
        registry.observe("run", record)
        for one in people:
            good, bad = evidence[one.contributor]
            moved = outcome(one, record)
            good = 0.7 * good + max(moved, 0)
            bad = 0.7 * bad + max(-moved, 0)
            evidence[one.contributor] = good, bad
            mean = min(max((0.8 + good) / (2 + good + bad), 0.1), 0.95)
            if number < 3:
                mean = max(mean, 0.4)
            assert r(registry, one.contributor) == [pytest.approx(mean, rel=1e-14)]
    assert r(registry, "d")[0] < 0.3
    assert 0.6 < r(registry, "a")[0] < r(registry, "b")[0]


def test_a_newcomer_has_the_bonus_for_its_first_contributions_alone():
    registry = InMemoryRegistry(rule=ReputationRule(newcomer=4, r_min=0.35))
    good = [person(name) for name in "abc"]
    found = []
    for number in range(1, 7):
        registry.observe("run", a_round(number, *good, person("new", 0.0, selected=False)))
        found += r(registry, "new")
    # After three contributions the fourth is still to come.
    assert found[:3] == [0.35] * 3
    assert found[3:] == [
        pytest.approx(0.8 / (2 + sum(0.8**i for i in range(n)))) for n in (4, 5, 6)
    ]
    assert max(found[3:]) < 0.35


def test_who_is_left_out_neither_gains_nor_forgets():
    registry = InMemoryRegistry()
    people = [person(name) for name in "abc"]
    registry.observe("run", a_round(1, *people))
    before = registry.standings["a"]
    gone = person("a", math.nan, selected=False, reason="no reply"), *people[1:]
    registry.observe("run", a_round(2, *gone))
    assert registry.standings["a"] == before
    assert r(registry, "b")[0] > before.r


def test_a_given_reputation_without_a_record_is_worth_an_established_one():
    registry = InMemoryRegistry({"old": Standing(v=0.6, r=0.7), "low": Standing(r=0.3)})
    fellows = [person(name) for name in "abc"]
    ghost = person("low", math.nan, selected=False, reason="no reply")
    registry.observe("run", a_round(1, person("old"), ghost, *fellows))
    # lambda = 0.8: evidence of 1 / (1 - 0.8) = 5, of which 0.7 * 7 - 0.8 = 4.1 speak for it.
    expected = (0.8 + 0.8 * 4.1 + 1) / (2 + 0.8 * 5 + 1)
    assert r(registry, "old", "low", "a") == pytest.approx([expected, 0.3, 1.8 / 3])
    assert registry.standings["old"].v == 0.6
    # It has no newcomer's bonus: 0.3 stays below 0.4.
    registry.observe("run", a_round(2, person("low", 0.0, selected=False), *fellows))
    good = 0.3 * 7 - 0.8
    assert r(registry, "low") == pytest.approx([(0.8 + 0.8 * good) / (2 + 0.8 * 5 + 1)])


def test_credentials_and_data_outlive_an_observation(registry):
    assert registry.present("a", [peer()], at=0.0) == ()
    before = registry.standings["a"]
    registry.observe("run", a_round(1, person("a"), at=0.5))
    after = registry.standings["a"]
    assert after.r > before.r
    assert replace(after, r=before.r, record=before.record) == before
    assert v(registry, 0.5) == PEER


def test_a_round_is_observed_once(registry):
    record = a_round(1, person("a"), person("b"))
    registry.observe("run", record)
    once = r(registry, "a", "b")
    same = RoundRecord.from_json(record.to_json())
    for again in (record, same, replace(record, seconds=9.0)):
        registry.observe("run", again)
        assert r(registry, "a", "b") == once
    others = [
        replace(record, at=57.0),
        a_round(1, person("a", 0.5), person("b")),
        a_round(1, person("a")),
    ]
    for other in others:
        with pytest.raises(ValueError, match="round 1 of run 'run' was observed otherwise"):
            registry.observe("run", other)
    assert r(registry, "a", "b") == once
    registry.observe("another", others[0])
    assert r(registry, "a")[0] > once[0]


# ── As the durable one ──────────────────────────────────────────────────────────────────────

NAMES = "abcdef"
quantities = st.one_of(st.sampled_from([0.0, 0.5, 1.0, math.nan]), st.floats(0, 1))
someone = st.tuples(quantities, st.booleans(), st.sampled_from([None, None, None, "no reply"]))
rounds = st.lists(
    st.tuples(
        st.sampled_from(["uniform", "blend", "krum", "multiplicative", None]),
        st.dictionaries(st.sampled_from(NAMES), someone, min_size=1),
    ),
    min_size=15,
    max_size=15,
)
rules = st.builds(
    ReputationRule,
    forgetting=st.sampled_from([0.0, 0.5, 0.8, 1.0]),
    newcomer=st.integers(0, 12),
    r_min=st.sampled_from([0.0, 0.4, 0.5]),
)


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """Each example has contributors of its own in it: making a database takes long."""
    engine = open_database(tmp_path_factory.mktemp("registry") / "anml.db")
    yield engine, itertools.count()
    engine.dispose()


@given(rounds, rules)
@settings(max_examples=25, deadline=None, derandomize=True)
def test_both_registries_report_the_same_reputation(database, made, rule):
    engine, examples = database
    run = f"run {next(examples)}"
    names = [f"{run}/{name}" for name in NAMES]
    durable, fleeting = SqlRegistry(engine, rule=rule), InMemoryRegistry(rule=rule)
    for name in names:
        durable.add_contributor(
            Contributor(name, name, "news", name.encode(), PRESENT), PRESENT
        )
    for number, (branch, people) in enumerate(made, 1):
        at = 57 + number / 100
        record = a_round(
            number,
            *(person(f"{run}/{name}", *told) for name, told in sorted(people.items())),
            branch=branch,
            at=at,
        )
        for registry in (durable, fleeting):
            registry.observe(run, record)
        found = durable.signals(names, at=at + 0.001).r
        assert found == pytest.approx(fleeting.signals(names, at=at).r, abs=1e-12, rel=0)
