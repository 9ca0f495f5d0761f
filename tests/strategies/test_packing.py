"""A model's arrays as one on the way: the same updates, and nothing believed."""

from __future__ import annotations

import numpy as np
import pytest
from flwr.app import Array, ArrayRecord

from clients.unpacked import unpacked
from strategies.anml import Anml
from strategies.packing import PACKED, pack, read_layout, unpack

BYTES = 4 * 12 + 4 * 3 + 8


def reasons(strategy):
    return {c.contributor: c.reason for c in strategy.records[-1].contributors}


@pytest.fixture
def trained(federation):
    """Answer a packed instruction as the ClientApp does, behind the mod."""

    def answer(message, by):
        def client(received, context):
            arrays = received.content["arrays"]
            assert {n: a.numpy().tolist() for n, a in arrays.items()} == {
                n: v.tolist() for n, v in federation.model.items()
            }
            return federation.reply(received, federation.moved(by))

        return unpacked(message, None, client)

    return answer


def test_packed_and_unpacked_rounds_are_the_same(federation, by_node, trained):
    steps = [0.1, 0.2, 0.3, 0.4, 9.0]
    packed, plain = Anml(roster=by_node, packed=True), Anml(roster=by_node)
    sent = federation.ask(packed, 5)
    assert {tuple(m.content["arrays"]) for m in sent} == {(PACKED,)}
    one, _ = packed.aggregate_train(
        1, [trained(m, by) for m, by in zip(sent, steps, strict=True)]
    )
    sent = federation.ask(plain, 5)
    replies = [
        federation.reply(m, federation.moved(by)) for m, by in zip(sent, steps, strict=True)
    ]
    other, _ = plain.aggregate_train(1, replies)
    assert {n: a.numpy().tolist() for n, a in one.items()} == {
        n: a.numpy().tolist() for n, a in other.items()
    }
    assert packed.records[-1].contributors == plain.records[-1].contributors
    assert packed.records[-1].bytes_sent == plain.records[-1].bytes_sent


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({PACKED: np.zeros(BYTES - 1, np.uint8)}, f"'packed' must have shape ({BYTES},)"),
        ({PACKED: np.zeros((2, BYTES // 2), np.uint8)}, f"must have shape ({BYTES},)"),
        ({PACKED: np.zeros(BYTES, np.int8)}, "must be uint8"),
        ({PACKED: np.zeros(BYTES, np.uint8), "w": np.zeros(2)}, "one array, 'packed', is"),
        ({"w": np.zeros((4, 3), np.float32)}, "one array, 'packed', is needed, got 'w'"),
        ({}, "one array, 'packed', is needed, got none"),
        ({PACKED: np.full(BYTES, 255, np.uint8)}, "15 values are not finite"),
    ],
)
def test_what_is_no_packed_model_is_left_out(federation, by_node, trained, arrays, reason):
    strategy = Anml(roster=by_node, packed=True)
    sent = federation.ask(strategy, 5)
    replies = [trained(m, 0.1) for m in sent[1:]]
    hostile = ArrayRecord({name: Array(value) for name, value in arrays.items()})
    bad = federation.reply(sent[0])
    bad.content["arrays"] = hostile
    strategy.aggregate_train(1, [bad, *replies])
    said = reasons(strategy)
    assert reason in said.pop("c100")
    assert set(said.values()) == {None}


def test_types_of_all_kinds_survive():
    arrays = {
        "a": np.arange(6, dtype=np.float64).reshape(2, 3),
        "empty": np.zeros((0, 4), np.float32),
        "scalar": np.array(True),
        "half": np.ones(3, np.float16),
    }
    record = ArrayRecord({name: Array(value) for name, value in arrays.items()})
    layout = read_layout(
        '[["half", "<f2", [3]], ["scalar", "|b1", []], ["empty", "<f4", [0, 4]],'
        ' ["a", "<f8", [2, 3]]]'
    )
    back = unpack(pack(record, layout.names), layout)
    assert list(back) == ["half", "scalar", "empty", "a"]
    for name, value in arrays.items():
        assert back[name].numpy().dtype == value.dtype
        assert back[name].numpy().tolist() == value.tolist()


def test_a_message_that_is_not_packed_passes_as_it_is(federation, by_node):
    strategy = Anml(roster=by_node)
    message = federation.ask(strategy, 2)[0]
    before = message.content["arrays"]
    reply = unpacked(message, None, lambda m, c: federation.reply(m))
    assert message.content["arrays"] is before
    assert set(reply.content["arrays"]) == {"w", "b", "steps"}
