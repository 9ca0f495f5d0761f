"""Who should take part: nodes known by their keys, one code on both sides, enough replies."""

from __future__ import annotations

import hashlib
import time

import numpy as np
import pytest
from flwr.app import ConfigRecord
from flwr.proto.node_pb2 import NodeInfo

from strategies.anml import Anml
from strategies.identity import ByKey

MEMBERS = {b"key of a": "a", b"key of b": "b", b"key of c": "c"}
SAME, OTHER = "5" * 64, "e" * 64


class Link:
    """SuperLink's list of nodes; what it answers can change with every call."""

    def __init__(self, *answers):
        self.answers = list(answers)

    def get_nodes(self):
        nodes = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [NodeInfo(node_id=node, public_key=key) for node, key in nodes.items()]

    def get_node_ids(self):
        return [node.node_id for node in self.get_nodes()]


def shown(key):
    return f"key-{hashlib.sha256(key).hexdigest()[:16]}"


def reasons(strategy):
    return {c.contributor: c.reason for c in strategy.records[-1].contributors}


def test_nodes_are_those_whom_the_registry_names_by_their_keys():
    roster = ByKey(MEMBERS)
    found = roster(Link({1: b"key of c", 2: b"a stranger's", 3: b"key of a", 4: b""}))
    assert found == {1: "c", 3: "a"}
    assert roster.refused == tuple(
        sorted(f"{shown(key)} is no key of the registry" for key in (b"", b"a stranger's"))
    )


def test_a_key_on_two_nodes_is_nobodys_and_a_key_that_left_is_gone():
    roster = ByKey(MEMBERS)
    link = Link({1: b"key of a", 2: b"key of a", 3: b"key of b"}, {9: b"key of b"})
    assert roster(link) == {3: "b"}
    assert roster.refused == ("a is claimed by 2 nodes",)
    assert roster(link) == {9: "b"}
    assert roster.refused == ()


def test_a_round_waits_for_enough_nodes_and_no_longer_than_it_may():
    late = Link({1: b"key of a"}, {1: b"key of a"}, {1: b"key of a", 2: b"key of b"})
    assert ByKey(MEMBERS, least=2, patience=60.0)(late) == {1: "a", 2: "b"}
    start = time.monotonic()
    assert ByKey(MEMBERS, least=3, patience=0.5)(late) == {1: "a", 2: "b"}
    # By default it is a minute.
    assert 0.5 <= time.monotonic() - start < 50.0


@pytest.mark.parametrize("code", [OTHER, None, 7, "short", SAME.upper() + "\n"])
def test_a_reply_of_other_code_is_left_out_with_the_reason(federation, by_node, code):
    strategy = Anml(roster=by_node, code=SAME)
    sent = federation.ask(strategy, 5)
    replies = [federation.reply(m) for m in sent]
    for reply in replies:
        reply.content["code"] = ConfigRecord({"sha256": SAME})
    if code is None:
        del replies[1].content["code"]
    else:
        replies[1].content["code"] = ConfigRecord({"sha256": code})
    strategy.aggregate_train(1, replies)
    theirs = f"code {OTHER[:12]}" if code == OTHER else "code that it does not name"
    assert reasons(strategy) == {
        **dict.fromkeys(("c100", "c102", "c103", "c104")),
        "c101": f"runs {theirs}, the server {SAME[:12]}: install the server's version"
        " of anml-fl",
    }
    assert strategy.round.codes == {
        **dict.fromkeys(("c100", "c102", "c103", "c104"), SAME),
        **({"c101": OTHER} if code == OTHER else {}),
    }


def test_without_a_code_of_its_own_a_server_takes_any(federation, by_node):
    strategy = Anml(roster=by_node)
    sent = federation.ask(strategy, 5)
    strategy.aggregate_train(1, [federation.reply(m) for m in sent])
    assert set(reasons(strategy).values()) == {None}


def test_a_member_without_a_node_is_recorded_and_unpaid(federation, by_node):
    strategy = Anml(roster=by_node, members=("c101", "zz", *(f"c{100 + i}" for i in range(5))))
    sent = federation.ask(strategy, 5)
    strategy.aggregate_train(1, [federation.reply(m) for m in sent])
    absent = strategy.records[-1].contributors[-1]
    assert (absent.contributor, absent.reason) == ("zz", "no node is connected")
    assert (absent.weight, absent.selected) == (0.0, False)


def test_a_stranger_with_a_node_is_recorded(federation):
    known = {f"k{i}".encode(): f"c{i}" for i in range(4)}
    roster = ByKey(known)
    strategy = Anml(roster=roster, members=known.values())
    link = Link({10 + i: f"k{i}".encode() for i in range(5)})
    strategy.configure_train(1, federation.arrays(), ConfigRecord(), link)
    strategy.aggregate_train(1, [])
    assert strategy.records[-1].refused == (f"{shown(b'k4')} is no key of the registry",)


@pytest.mark.parametrize(
    ("replies", "members", "least", "enough"),
    [
        (3, 0, 0.6, True),
        (2, 0, 0.6, False),
        (5, 10, 0.5, True),
        (4, 10, 0.5, False),
        (1, 0, 0, True),
    ],
)
def test_with_too_few_replies_nothing_changes_and_nobody_is_paid(
    federation, by_node, replies, members, least, enough
):
    names = [f"c{100 + i}" for i in range(members)]
    strategy = Anml(roster=by_node, members=names, min_replies=least)
    sent = federation.ask(strategy, 5)
    step = federation.moved(1.0)
    arrays, _ = strategy.aggregate_train(
        1, [federation.reply(m, step) for m in sent[:replies]]
    )
    record = strategy.records[-1]
    paid = sum(c.weight for c in record.contributors)
    if enough:
        assert paid == pytest.approx(1.0)
        assert np.allclose(arrays["b"].numpy(), 1.0)
    else:
        wanted = f"{least * (members or 5):g}"
        assert (arrays, paid) == (None, 0.0)
        assert record.note == (
            f"{replies} valid replies, fewer than {wanted}: the model stays as it is"
        )
        assert not any(c.selected for c in record.contributors)


def test_rounds_are_counted_from_those_that_were_done_before(federation, by_node):
    strategy = Anml(roster=by_node)
    strategy.resume(7)
    sent = federation.ask(strategy, 5, server_round=1)
    assert {m.content["config"]["server-round"] for m in sent} == {8}
    strategy.aggregate_train(1, [federation.reply(m) for m in sent])
    assert strategy.records[-1].round == 8
