"""Credentials beside an update: checked by the registry, and refusals recorded."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from flwr.app import ConfigRecord

from anml_fl.behaviour import behaviour
from anml_fl.method.provenance import Verification
from anml_fl.method.records import RoundRecord
from anml_fl.registry.interface import Signals
from anml_fl.registry.memory import InMemoryRegistry, Standing
from anml_fl.registry.simulated import (
    COMPROMISED,
    PRESENT,
    UNIVERSITY,
    credential,
    data_hash_of,
    public_key_of,
    simulated_issuer,
)
from strategies.anml import Anml

SEED = 3
NAMES = [f"c{100 + i}" for i in range(6)]


def registry(issuers=(UNIVERSITY, COMPROMISED)):
    standing = Standing(v=0.25, r=0.4)
    known = {
        name: replace(
            standing,
            public_key=public_key_of(SEED, name),
            data_hash=data_hash_of(SEED, name),
        )
        for name in NAMES
    }
    trusted = [simulated_issuer(SEED, name)[1] for name in issuers]
    return InMemoryRegistry(known, issuers=trusted, epoch=PRESENT)


@pytest.fixture
def settle(federation, by_node):
    """Run a round in which some nodes show tokens, or anything else; return its record."""

    def call(shown, strategy=None, server_round=1, moves=None):
        strategy = strategy or Anml(registry=registry(), roster=by_node)
        replies = []
        for i, message in enumerate(federation.ask(strategy, 6, server_round)):
            reply = federation.reply(message, federation.moved((moves or range(6))[i] / 10.0))
            if (tokens := shown.get(NAMES[i])) is not None:
                content = (
                    ConfigRecord({"tokens": tokens}) if isinstance(tokens, list) else tokens
                )
                reply.content["credentials"] = content
            replies.append(reply)
        strategy.aggregate_train(server_round, replies)
        return {one.contributor: one for one in strategy.records[-1].contributors}

    return call


def test_a_genuine_credential_lifts_v_to_its_level_in_the_same_round(settle):
    tokens = [credential(SEED, "c102", Verification.INDEPENDENTLY_REPRODUCED)]
    found = settle({"c102": tokens})
    assert found["c102"].v == 0.925
    assert found["c102"].s == pytest.approx(0.925 * 0.4)
    assert found["c102"].refused_credentials == ()
    assert {found[n].v for n in NAMES if n != "c102"} == {0.25}


def test_every_forgery_is_refused_and_recorded_and_the_forger_stays_self_attested(settle):
    tokens = behaviour("credential_faking").credentials(SEED, "c101", ())
    assert len(tokens) == 7
    found = settle({"c101": tokens})
    assert found["c101"].v == 0.25
    reasons = found["c101"].refused_credentials
    assert len(reasons) == 7
    assert all(reasons)
    assert found["c101"].reason is None  # the update counts all the same


def test_a_compromised_issuer_is_believed_as_long_as_it_is_trusted(settle, by_node):
    tokens = behaviour("compromised_issuer").credentials(SEED, "c104", ())
    assert settle({"c104": tokens})["c104"].v == 0.85
    wary = Anml(registry=registry(issuers=(UNIVERSITY,)), roster=by_node)
    found = settle({"c104": tokens}, wary)["c104"]
    assert found.v == 0.25
    assert len(found.refused_credentials) == 1


def test_a_credential_is_good_for_whom_it_names_alone(settle):
    stolen = credential(SEED, "c100", Verification.PEER_REVIEWED)
    found = settle({"c100": [stolen], "c105": [stolen]})
    assert (found["c100"].v, found["c105"].v) == (0.85, 0.25)
    assert len(found["c105"].refused_credentials) == 1


@pytest.mark.parametrize(
    "junk",
    [
        ["", "x", "a.b.c", "\x00" * 50, "ü" * 9000],
        ["x" * 100_000] * 40,
        [1, 2, 3],
        [b"bytes"],
        ConfigRecord({}),
        ConfigRecord({"tokens": "a text"}),
        ConfigRecord({"tokens": 3.5}),
    ],
    ids=["texts", "huge", "numbers", "bytes", "empty", "text", "number"],
)
def test_junk_for_credentials_costs_the_reply_nothing(settle, junk):
    found = settle({"c103": junk})
    assert found["c103"].reason is None
    assert found["c103"].v == 0.25
    refused = found["c103"].refused_credentials
    assert len(refused) <= 16
    assert all(reason.isprintable() and len(reason) < 300 for reason in refused)


def test_an_invalid_update_earns_nothing_by_its_credentials(federation, settle, by_node):
    strategy = Anml(registry=registry(), roster=by_node)
    sent = federation.ask(strategy, 6)
    replies = [federation.reply(m, federation.moved(0.1)) for m in sent[1:]]
    bad = federation.reply(sent[0], federation.moved(math.nan))
    bad.content["credentials"] = ConfigRecord({"tokens": ["x"]})
    strategy.aggregate_train(1, [*replies, bad])
    first = strategy.records[-1].contributors[0]
    assert first.reason == "15 values are not finite"
    assert first.refused_credentials == ()


def test_a_registry_that_only_answers_is_enough(settle, by_node):
    class Plain:
        def signals(self, contributors, *, at):
            half = np.full(len(contributors), 0.5)
            return Signals(half, half, half)

    found = settle({"c100": ["token"]}, Anml(registry=Plain(), roster=by_node))
    assert found["c100"].refused_credentials == ()
    assert found["c100"].v == 0.5
    with pytest.raises(TypeError, match="reputation needs a registry with an observe method"):
        Anml(registry=Plain(), reputation=True)


def test_refusals_survive_the_record_as_a_line(settle, by_node):
    strategy = Anml(registry=registry(), roster=by_node)
    settle({"c101": ["x", "y"]}, strategy)
    line = strategy.records[-1].to_json()
    again = RoundRecord.from_json(line)
    assert again.contributors[1].refused_credentials == tuple(
        strategy.records[-1].contributors[1].refused_credentials
    )
    assert again.to_json() == line


def test_a_line_from_before_credentials_is_read(settle, by_node):
    strategy = Anml(registry=registry(), roster=by_node)
    settle({}, strategy)
    line = strategy.records[-1].to_json()
    old = line.replace('"refused_credentials":[],', "").replace('"at":0.0,', "")
    assert "refused_credentials" not in old
    assert RoundRecord.from_json(old).to_json() == line


def test_reputation_moves_only_when_it_is_told_to(settle, by_node):
    moves = [1, 1.02, 0.98, 1.01, 0.99, 50]
    for moving in (False, True):
        strategy = Anml(
            "softmax_blend", registry=registry(), roster=by_node, reputation=moving
        )
        for number in (1, 2, 3):
            found = settle({}, strategy, number, moves)
            strategy.signals.observe(strategy.records[-1], strategy.run)
        assert (found["c105"].r < found["c100"].r) == moving
        assert (found["c100"].r > 0.4) == moving


def test_each_round_asks_at_its_own_instant_and_records_it(settle, by_node):
    strategy = Anml(registry=registry(), roster=by_node, at=lambda n: n / 10)
    settle({}, strategy, 1)
    settle({}, strategy, 2)
    assert [record.at for record in strategy.records] == [0.1, 0.2]
    # A token that expires a year after the present is of no use in the second year.
    late = Anml(registry=registry(), roster=by_node, at=1.5)
    found = settle({"c100": [credential(SEED, "c100", Verification.PEER_REVIEWED)]}, late)
    assert found["c100"].v == 0.25
    assert "expired" in found["c100"].refused_credentials[0]


def test_an_instant_never_lies_before_the_last_one_and_the_record_says_so(
    settle, by_node, caplog
):
    read = {1: 0.3, 2: 0.3, 3: 0.1, 4: 0.1, 5: 0.4}
    strategy = Anml(registry=registry(), roster=by_node, at=lambda n: read[n])
    for number in read:
        settle({}, strategy, number)
    at = [record.at for record in strategy.records]
    assert (at[:2], at[4]) == ([0.3, 0.3], 0.4)
    assert 0.3 < at[2] < at[3] < 0.3 + 1e-12
    behind = "the clock is 73.1 days behind the last round's instant"  # 0.2 years
    assert [behind in (record.note or "") for record in strategy.records] == [
        *(False, False, True, True, False),
    ]
    assert f"round 3: {behind}" in caplog.text
