"""A reply whose arrays never come costs a round its deadline, and nobody else's reply."""

from __future__ import annotations

import time

import numpy as np
import pytest
from flwr.app import Array, ArrayRecord, Message, RecordDict
from flwr.clientapp import ClientApp
from flwr.common.serde import message_to_proto
from flwr.proto.message_pb2 import ConfirmMessageReceivedResponse, PullObjectResponse
from flwr.proto.runtime_pb2 import PullAppMessagesResponse
from flwr.supercore.inflatable.inflatable_object import get_all_nested_objects, get_object_tree
from flwr.superlink.grid.http_grid import HttpGrid

from server.engines.inline_grid import InlineGrid
from server.engines.polling_grid import PollingGrid
from server.engines.upload_deadline import UploadDeadline

app = ClientApp()


@app.train()
def train(message, context):
    content = {"arrays": ArrayRecord({"w": Array(np.arange(context.node_config["size"]))})}
    return Message(RecordDict(content), reply_to=message)


class SuperLink:
    """Has replies, and the objects of those whose nodes lived long enough to send them."""

    def __init__(self, replies, dead):
        self.waiting = {one.metadata.reply_to_message_id: one for one in replies}
        self.objects = {
            name: None if reply in dead else found.deflate()
            for reply in replies
            for name, found in get_all_nested_objects(reply).items()
        }

    def PullMessages(self, request):
        here = [self.waiting.pop(one) for one in request.message_ids if one in self.waiting]
        return PullAppMessagesResponse(
            messages_list=[message_to_proto(one) for one in here],
            message_object_trees=[get_object_tree(one) for one in here],
        )

    def PullObject(self, request):
        content = self.objects[request.object_id]
        if content is None:
            return PullObjectResponse(object_found=True, object_available=False)
        return PullObjectResponse(
            object_found=True, object_available=True, object_content=content
        )

    def ConfirmMessageReceived(self, request):
        return ConfirmMessageReceivedResponse()


class Deployed(HttpGrid):
    """Flower's own grid, before a SuperLink that lies in this process."""

    def __init__(self, nodes, dead):
        super().__init__(token="t")
        self.inline = InlineGrid(app, [{"size": n} for n in range(1, nodes + 1)], {})
        self.set_run(self.inline.run)
        self.dead = dead
        self._client = SuperLink([], ())

    def push_messages(self, messages):
        ids = list(self.inline.push_messages(messages))
        replies = list(self.inline.pull_messages(ids))
        for reply in replies:
            reply.metadata.__dict__["_message_id"] = reply.object_id
        self._client.__init__(replies, [replies[i] for i in self.dead])
        return ids


def messages(grid):
    nodes = grid.inline.get_node_ids()
    return [Message(RecordDict(), node, "train", group_id="1") for node in nodes]


@pytest.mark.parametrize("dead", [(), (0,), (1, 2), (0, 1, 2)])
def test_what_never_comes_costs_the_deadline_and_no_other_reply(dead):
    grid = Deployed(3, dead)
    begin, deadline = time.monotonic(), 1.0 if dead else 60.0
    replies = list(PollingGrid(grid, 0.05).send_and_receive(messages(grid), timeout=deadline))
    took = time.monotonic() - begin
    # Flower's own would wait three minutes, and for nothing if all are there.
    assert 1.0 <= took < 60.0 if dead else took < 60.0
    assert len(replies) == 3
    whole = [one for one in replies if not one.has_error()]
    sizes = [one.content.array_records["arrays"]["w"].numpy().size for one in whole]
    assert sorted(sizes) == [n for n in (1, 2, 3) if n - 1 not in dead]
    assert all("unavailable" in one.error.reason for one in replies if one.has_error())


def test_what_comes_late_but_in_time_is_taken():
    answers = iter([PullObjectResponse(object_found=True)] * 2)
    come = PullObjectResponse(object_found=True, object_available=True, object_content=b"x")
    deadline = UploadDeadline(lambda request: next(answers, come))
    deadline.at = time.monotonic() + 30
    assert deadline(None) is come


def test_without_a_deadline_the_answer_is_superlinks():
    answer = PullObjectResponse(object_found=True)
    assert UploadDeadline(lambda request: answer)(None) is answer


def test_engines_without_a_superlink_need_none():
    assert UploadDeadline.on(InlineGrid(app, [], {})) is None
