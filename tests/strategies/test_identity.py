"""A reply counts only with the secret of this round, sent to this node alone."""

from __future__ import annotations

import numpy as np
import pytest
from flwr.app import ArrayRecord, ConfigRecord, Error, Message, RecordDict
from flwr.proto.node_pb2 import NodeInfo

from strategies.anml import Anml
from strategies.identity import ByPartition, by_public_key

NAMES = ("contributor-0000", "contributor-0001", "contributor-0002")


@pytest.fixture
def strategy(by_node):
    return Anml(roster=by_node)


def reasons(strategy):
    record = strategy.records[-1]
    return {c.contributor: c.reason for c in record.contributors if c.reason}, record.refused


def test_valid_replies_of_everybody_are_taken(federation, strategy):
    sent = federation.ask(strategy, 5)
    strategy.aggregate_train(1, [federation.reply(m) for m in sent])
    assert reasons(strategy) == ({}, ())


def test_each_node_gets_a_secret_of_its_own_each_round(federation, strategy):
    first = [m.content["config"]["nonce"] for m in federation.ask(strategy, 5)]
    second = [m.content["config"]["nonce"] for m in federation.ask(strategy, 5, 2)]
    assert len({*first, *second}) == 10
    assert all(len(nonce) == 16 for nonce in first)


def test_forged_node_id_is_refused_and_the_victim_keeps_its_reply(federation, strategy):
    sent = federation.ask(strategy, 5)
    victim = sent[1].metadata.dst_node_id
    replies = [federation.reply(m) for m in sent]
    replies[0] = federation.reply(sent[0], federation.moved(50.0), src_node_id=victim)
    strategy.aggregate_train(1, replies)
    left_out, refused = reasons(strategy)
    assert left_out == {"c100": "no reply in time"}
    assert refused == ("metadata do not belong to the nonce, which was sent to c100",)
    assert strategy.records[-1].contributors[1].selected


def test_nonce_of_another_node_is_refused_and_its_owner_keeps_its_reply(federation, strategy):
    sent = federation.ask(strategy, 5)
    replies = [federation.reply(m) for m in sent]
    stolen = sent[1].content["config"]["nonce"]
    replies[0] = federation.reply(sent[0], federation.moved(50.0), nonce=stolen)
    strategy.aggregate_train(1, replies)
    left_out, refused = reasons(strategy)
    assert left_out == {"c100": "no reply in time"}
    assert refused == ("metadata do not belong to the nonce, which was sent to c101",)


def test_nonce_of_another_round_is_refused(federation, strategy):
    old = federation.ask(strategy, 5)
    strategy.aggregate_train(1, [federation.reply(m) for m in old])
    sent = federation.ask(strategy, 5, 2)
    replies = [federation.reply(m) for m in sent]
    replies[0] = federation.reply(sent[0], nonce=old[0].content["config"]["nonce"])
    strategy.aggregate_train(2, replies)
    left_out, refused = reasons(strategy)
    assert left_out == {"c100": "no reply in time"}
    assert refused == ("no nonce of this round",)


def test_whole_reply_of_another_round_is_refused(federation, strategy):
    old = [federation.reply(m) for m in federation.ask(strategy, 5)]
    strategy.aggregate_train(1, old)
    federation.ask(strategy, 5, 2)
    arrays, _ = strategy.aggregate_train(2, old)
    assert arrays is None
    assert strategy.records[-1].refused == ("no nonce of this round",) * 5
    assert strategy.records[-1].note == "no valid reply: the model stays as it is"


def test_replies_delivered_twice_count_once_and_in_no_second_call(federation, strategy):
    replies = [federation.reply(m) for m in federation.ask(strategy, 5)]
    strategy.aggregate_train(1, replies)
    arrays, _ = strategy.aggregate_train(1, replies)
    assert arrays is None
    assert strategy.records[-1].refused == ("no nonce of this round",) * 5


def test_two_replies_under_one_nonce_are_both_left_out(federation, strategy):
    sent = federation.ask(strategy, 5)
    replies = [federation.reply(m) for m in sent]
    replies.append(federation.reply(sent[2], federation.moved(3.0)))
    strategy.aggregate_train(1, replies)
    assert reasons(strategy) == ({"c102": "2 replies of one contributor"}, ())


@pytest.mark.parametrize("nonce", [b"", b"x" * 16, "text", 7, 1.5, True, [b"x"], []])
def test_a_nonce_that_was_never_sent_is_refused(federation, strategy, nonce):
    sent = federation.ask(strategy, 4)
    replies = [federation.reply(m) for m in sent[1:]] + [
        federation.reply(sent[0], nonce=nonce)
    ]
    strategy.aggregate_train(1, replies)
    assert reasons(strategy) == ({"c100": "no reply in time"}, ("no nonce of this round",))


def test_reply_without_an_echo_names_the_mod_in_the_record_and_in_the_log(
    federation, strategy, omit, caplog
):
    sent = federation.ask(strategy, 5)
    replies = [federation.reply(m) for m in sent[2:]] + [
        federation.reply(m, nonce=omit) for m in sent[:2]
    ]
    strategy.aggregate_train(1, replies)
    why = "reply without its round's secret: the ClientApp needs echo_nonce"
    assert reasons(strategy) == ({"c100": why, "c101": why}, ())
    assert caplog.messages == [f"round 1: c100, c101 left out: {why}"]


def test_what_another_node_sends_without_an_echo_costs_nobody_its_reply(
    federation, strategy, omit
):
    sent = federation.ask(strategy, 5)
    forged = federation.reply(sent[0], nonce=omit)
    stray = federation.reply(sent[1], nonce=omit, src_node_id=104)
    strategy.aggregate_train(1, [forged, stray, *(federation.reply(m) for m in sent[:1])])
    left_out, refused = reasons(strategy)
    assert "c100" not in left_out
    assert left_out["c101"] == "no reply in time"
    assert refused == ("no nonce of this round",)


@pytest.mark.parametrize(
    "metadata", [{"reply_to_message_id": "other"}, {"message_type": "evaluate"}]
)
def test_reply_to_another_message_is_refused(federation, strategy, metadata):
    sent = federation.ask(strategy, 4)
    replies = [federation.reply(m) for m in sent]
    for name, value in metadata.items():
        replies[0].metadata.__dict__[f"_{name}"] = value
    strategy.aggregate_train(1, replies)
    assert reasons(strategy)[1] == (
        "metadata do not belong to the nonce, which was sent to c100",
    )


def test_infrastructure_error_is_credited_through_the_message_it_answers(federation, strategy):
    sent = federation.ask(strategy, 4)
    error = Message(Error(5, "node\n is  gone"), reply_to=sent[3])
    error.metadata.__dict__["_src_node_id"] = 1
    strategy.aggregate_train(1, [error, *[federation.reply(m) for m in sent[:3]]])
    assert reasons(strategy) == ({"c103": "error 5: the node is not there"}, ())


@pytest.mark.parametrize("place", [0, 4])
def test_error_forged_against_another_node_does_not_cost_it_its_reply(
    federation, strategy, place
):
    sent = federation.ask(strategy, 4)
    replies = [federation.reply(m) for m in sent]
    replies.insert(place, Message(Error(5, "gone"), reply_to=sent[3]))
    strategy.aggregate_train(1, replies)
    assert reasons(strategy) == ({}, ())


def test_error_in_answer_to_nothing_is_refused(federation, strategy):
    sent = federation.ask(strategy, 4)
    error = Message(Error(2, "boom"), reply_to=sent[0])
    error.metadata.__dict__["_reply_to_message_id"] = "unknown"
    strategy.aggregate_train(1, [error])
    assert strategy.records[-1].refused == (
        "error 2: the ClientApp raised an error; the node's log says more, in answer to no"
        " instruction of this round",
    )


def test_public_key_identifies_a_node_whatever_its_id():
    class Grid:
        def get_nodes(self):
            return [NodeInfo(node_id=5, public_key=b"k"), NodeInfo(node_id=6)]

    # echo -n k | sha256sum
    assert by_public_key(Grid()) == {5: "key-8254c329a92850f6", 6: "node-6"}


class Simulation:
    """Nodes that answer an enrolment with whatever they claim."""

    def __init__(self, claims):
        self.claims = claims
        self.asked = 0

    def get_node_ids(self):
        return list(self.claims)

    def send_and_receive(self, messages, *, timeout):
        replies = []
        for message in messages:
            self.asked += 1
            message.metadata.__dict__["_message_id"] = str(message.metadata.dst_node_id)
            claim = self.claims[message.metadata.dst_node_id]
            content = RecordDict(
                {
                    "identity": ConfigRecord({} if claim is None else {"partition-id": claim}),
                    "echo": ConfigRecord({"nonce": message.content["config"]["nonce"]}),
                }
            )
            replies.append(Message(content, reply_to=message))
        return replies


def test_partitions_name_a_simulations_nodes_and_each_node_is_asked_once(federation):
    grid = Simulation({11: 1, 12: 0})
    identify = ByPartition(NAMES[:2])
    assert identify(grid) == {11: "contributor-0001", 12: "contributor-0000"}
    grid.claims[13] = 5
    assert identify(grid) == {11: "contributor-0001", 12: "contributor-0000"}
    assert grid.asked == 3


@pytest.mark.parametrize("claim", [-1, 2, 1.0, "0", b"0", True, [0], None])
def test_partition_that_does_not_exist_is_not_enrolled(federation, claim):
    assert ByPartition(NAMES[:2])(Simulation({11: claim, 12: 0})) == {12: "contributor-0000"}


def test_partition_claimed_twice_is_nobodys(federation):
    assert ByPartition(NAMES[:3])(Simulation({11: 1, 12: 1, 13: 0})) == {
        13: "contributor-0000"
    }


def test_latecomer_cannot_take_a_partition_over(federation):
    grid = Simulation({11: 1})
    identify = ByPartition(NAMES[:3])
    identify(grid)
    grid.claims[12] = 1
    assert identify(grid) == {11: "contributor-0001"}


def test_arrays_sent_are_the_global_model(federation, strategy):
    sent = federation.ask(strategy, 3)
    for message in sent:
        record = message.content["arrays"]
        assert isinstance(record, ArrayRecord)
        np.testing.assert_array_equal(record["w"].numpy(), federation.model["w"])


def test_contributor_may_come_back_on_another_node(federation):
    grid = Simulation({11: 1, 12: 0})
    identify = ByPartition(NAMES[:2])
    identify(grid)
    del grid.claims[11]
    grid.claims[13] = 1
    assert identify(grid) == {13: "contributor-0001", 12: "contributor-0000"}


def test_node_with_a_false_claim_is_not_asked_again(federation):
    grid = Simulation({11: 99})
    identify = ByPartition(NAMES[:2])
    identify(grid)
    identify(grid)
    assert grid.asked == 1


class Broken:
    """Not even a message."""

    @property
    def metadata(self):
        raise RuntimeError("boom")


@pytest.mark.parametrize("thing", [None, 3, Broken()])
def test_what_is_no_message_is_refused(federation, strategy, thing):
    sent = federation.ask(strategy, 4)
    strategy.aggregate_train(1, [thing, *[federation.reply(m) for m in sent]])
    assert reasons(strategy) == ({}, ("unreadable reply (AttributeError)",))


def test_error_text_cannot_speak_to_a_terminal(federation, strategy):
    sent = federation.ask(strategy, 4)
    said = "ConfigError: \x1b[2J\u202egone"
    strategy.aggregate_train(1, [Message(Error(2, said), reply_to=sent[0])])
    assert reasons(strategy)[0]["c100"] == "error 2: ConfigError: ?[2J?gone"


ROW = "patient 55, Smith"


@pytest.mark.parametrize(
    ("code", "reason", "told"),
    [
        (2, f"<class 'ValueError'>:<'{ROW}'>", "the ClientApp raised ValueError"),
        (2, f"<class 'my.app.Odd'>:<'{ROW}'>", "the ClientApp raised Odd"),
        (2, f"ValueError: {ROW}", "the ClientApp raised ValueError"),
        (2, f"Smith: {ROW}", "the ClientApp raised an error"),
        (
            2,
            "<class 'flwr.clientapp.client_app.ClientAppException'>:<'\nException"
            f" ClientAppException occurred. Message: {ROW}'>",
            "the ClientApp raised an error",
        ),
        (2, f"<class 'my.ConfigError'>:<'{ROW}'>", "the ClientApp raised ConfigError"),
        (0, ROW, "the ClientApp raised an error"),
        (2, None, "the ClientApp raised an error"),
        (1, ROW, "the ClientApp cannot be loaded"),
        (5, ROW, "the node is not there"),
        (99, ROW, "an error without words of ours"),
    ],
)
def test_what_an_apps_error_says_is_no_reason(federation, strategy, code, reason, told):
    sent = federation.ask(strategy, 4)
    strategy.aggregate_train(1, [Message(Error(code, reason), reply_to=sent[0])])
    more = "; the node's log says more" if "raised" in told else ""
    assert reasons(strategy)[0]["c100"] == f"error {code}: {told}{more}"


@pytest.mark.parametrize(
    "said",
    [
        "ValueError in task.py, line 3; what it says may quote data, and is not sent",
        "OSError (No such file or directory) in <string>, line 3; what it says may quote data,"
        " and is not sent",
        "the ClientApp must return a Message, got int",
        "No evaluate function registered with name 'default'",
    ],
)
def test_words_that_hold_no_data_are_told_however_an_engine_wraps_them(
    federation, strategy, said
):
    sent = federation.ask(strategy, 4)
    error = Error(2, f"<class 'ClientAppException'>:<'\nMessage: {said}, patient 55'>")
    strategy.aggregate_train(1, [Message(error, reply_to=sent[0])])
    assert reasons(strategy)[0]["c100"] == f"error 2: {said}"


def test_a_grid_that_dealt_the_partitions_out_is_not_asked_node_by_node():
    class Knows:
        def __init__(self):
            self.partitions = {70: 1, 50: 0, 90: 7}

        def get_node_ids(self):
            return list(self.partitions)

        def send_and_receive(self, messages, *, timeout=None):
            raise AssertionError

    roster = ByPartition(["a", "b"])
    assert roster(Knows()) == {50: "a", 70: "b"}
    assert len(roster.reasons) == 1
