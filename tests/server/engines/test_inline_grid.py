"""The inline engine delivers as Flower's do, and what it leans on in Flower is there."""

from __future__ import annotations

import re
import sys

import flwr
import numpy as np
import pytest
from flwr.app import Array, ArrayRecord, ConfigRecord, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from flwr.supercore.run import Run
from flwr.supercore.task_identity import TaskIdentity

from server.engines.inline_grid import SERVER_NODE_ID, InlineGrid, identity_kept
from strategies.anml import Anml


@pytest.fixture
def app():
    made = ClientApp()

    @made.train()
    def train(message, context):
        if context.node_config["partition-id"] == 2:
            raise RuntimeError("boom")
        seen = context.state.metric_records.get("seen", MetricRecord({"count": 0}))
        context.state["seen"] = MetricRecord({"count": seen["count"] + 1})
        message.content["arrays"]["w"] = Array(np.zeros(1))  # a client may alter what it got
        message.content["config"]["lr"] = 9.0
        reply = RecordDict({"metrics": MetricRecord({"calls": seen["count"] + 1})})
        return Message(reply, reply_to=message)

    return made


@pytest.fixture
def grid(app):
    return InlineGrid(app, [{"partition-id": i} for i in range(3)], {"rounds": 1})


def instructions(grid):
    content = RecordDict(
        {"arrays": ArrayRecord({"w": Array(np.ones(2))}), "config": ConfigRecord({"lr": 0.1})}
    )
    return [Message(content, node, "train", group_id="1") for node in grid.get_node_ids()]


def test_flower_is_the_version_that_the_internals_were_read_in():
    assert flwr.__version__ == "1.41.0"
    assert Run.create_empty(3).run_id == 3
    TaskIdentity.run_id, TaskIdentity.task_id, TaskIdentity.node_id = 5, 6, 7
    message = Message(RecordDict(), 2, "train")
    assert (message.metadata.run_id, message.metadata.src_node_id) == (5, 7)
    message.metadata.__dict__["_message_id"] = "x"
    assert message.metadata.message_id == "x"


def test_another_engines_run_goes_on_as_whom_it_was(app):
    TaskIdentity.run_id, TaskIdentity.task_id, TaskIdentity.node_id = 5, 6, 7
    with identity_kept():
        InlineGrid(app, [{"partition-id": 0}], {})
        assert TaskIdentity.run_id != 5
    assert (TaskIdentity.run_id, TaskIdentity.task_id, TaskIdentity.node_id) == (5, 6, 7)


def test_replies_answer_their_instructions(grid):
    sent = instructions(grid)
    replies = list(grid.send_and_receive(sent))
    assert [r.metadata.src_node_id for r in replies] == [m.metadata.dst_node_id for m in sent]
    assert [r.metadata.reply_to_message_id for r in replies] == [
        m.metadata.message_id for m in sent
    ]
    assert {r.metadata.dst_node_id for r in replies} == {SERVER_NODE_ID}
    assert len({m.metadata.message_id for m in [*sent, *replies]}) == 6
    assert TaskIdentity.node_id == SERVER_NODE_ID


def test_an_exception_in_a_client_is_an_error_reply(grid):
    replies = list(grid.send_and_receive(instructions(grid)))
    assert [r.has_error() for r in replies] == [False, False, True]
    assert replies[2].error.code == 2
    assert "boom" in replies[2].error.reason


def test_a_client_cannot_alter_what_others_get(grid):
    sent = instructions(grid)
    grid.send_and_receive(sent)
    assert sent[0].content["config"]["lr"] == 0.1
    np.testing.assert_array_equal(sent[0].content["arrays"]["w"].numpy(), np.ones(2))


def test_each_node_keeps_a_state_of_its_own(grid):
    grid.send_and_receive(instructions(grid))
    replies = list(grid.send_and_receive(instructions(grid)[:1]))
    assert replies[0].content["metrics"]["calls"] == 2


def test_a_reply_is_pulled_once(grid):
    ids = list(grid.push_messages(instructions(grid)))
    assert len(list(grid.pull_messages(ids))) == 3
    assert list(grid.pull_messages(ids)) == []


def test_node_ids_are_the_same_in_every_run_and_none_is_the_servers(app):
    nodes = [{"partition-id": i} for i in range(50)]
    ids = list(InlineGrid(app, nodes, {}).get_node_ids())
    assert ids == list(InlineGrid(app, nodes, {}).get_node_ids())
    assert len(set(ids)) == 50
    assert all(1 < node < 2**63 for node in ids)


def answering(answer):
    """A federation of four in which the first node's ClientApp answers as it is told to."""
    app = ClientApp(mods=[])

    @app.train()
    def train(message, context):
        if context.node_config["i"] == 0:
            return answer(message)
        return reply_to(message)

    return InlineGrid(app, [{"i": i} for i in range(4)], {})


def reply_to(message):
    nonce = message.content["config"]["nonce"]
    content = {
        "arrays": ArrayRecord({"w": Array(message.content["arrays"]["w"].numpy() + 1)}),
        "metrics": MetricRecord({"num-examples": 10}),
        "echo": ConfigRecord({"nonce": nonce}),
    }
    return Message(RecordDict(content), reply_to=message)


def to_somebody_else(message):
    return Message(RecordDict(), 77, "train")


def leave(message):
    sys.exit("the data are not here")


def to_another_message(message):
    reply = reply_to(message)
    reply.metadata.__dict__["_reply_to_message_id"] = "another"
    return reply


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (
            lambda m: None,
            "error 2: the ClientApp must return a Message, got NoneType",
        ),
        (lambda m: 5, "error 2: the ClientApp must return a Message, got int"),
        (lambda m: m.content, "must return a Message, got RecordDict"),
        (lambda m: m, "must return a reply to its message"),
        (to_somebody_else, "must return a reply to its message, .*, got one to node 77"),
        (to_another_message, "must return a reply to its message"),
        (leave, "error 2: the ClientApp raised SystemExit; the node's log says more"),
    ],
)
def test_what_is_no_reply_is_an_error_reply_and_the_round_goes_on(answer, reason):
    chosen = Anml()
    arrays = ArrayRecord({"w": Array(np.zeros(2, np.float32))})
    result = chosen.start(answering(answer), arrays, num_rounds=1)
    assert result.arrays["w"].numpy().tolist() == [1, 1]
    left_out = [c.reason for c in chosen.records[0].contributors if c.reason]
    assert len(left_out) == 1
    assert re.search(reason, left_out[0])


def test_what_kills_the_process_is_not_caught():
    def interrupted(message):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(answering(interrupted).send_and_receive(instructions(answering(interrupted))))
