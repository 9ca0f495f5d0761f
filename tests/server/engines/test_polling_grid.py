"""The polling grid gives what the grid behind it gives, and keeps its deadline."""

from __future__ import annotations

import time

import pytest
from flwr.app import Message, RecordDict
from flwr.clientapp import ClientApp
from flwr.serverapp import Grid

from server.engines.inline_grid import InlineGrid
from server.engines.polling_grid import PollingGrid

app = ClientApp()


@pytest.fixture
def asked_for(monkeypatch):
    """Sleep as ever, and say for how long was asked: a busy machine adds to each."""
    seconds, sleep = [], time.sleep

    def noted(wanted):
        seconds.append(wanted)
        sleep(wanted)

    monkeypatch.setattr(time, "sleep", noted)
    return seconds


@app.train()
def train(message, context):
    return Message(RecordDict(), reply_to=message)


class LateGrid(InlineGrid):
    """As Flower's own over a network: a reply can be pulled some time after its push."""

    def __init__(self, nodes, lateness=()):
        super().__init__(app, [{"partition-id": i} for i in range(nodes)], {})
        self.lateness = lateness
        self.pulls = []
        self.refuses = ()

    def push_messages(self, messages):
        self.pushed = time.monotonic()
        ids = list(super().push_messages(messages))
        self.there = dict(zip(ids, self.lateness, strict=False))
        return [None if i in self.refuses else one for i, one in enumerate(ids)]

    def pull_messages(self, message_ids):
        now = time.monotonic() - self.pushed
        asked = set(message_ids)
        self.pulls.append((now, asked))
        return super().pull_messages([i for i in asked if self.there.get(i, 0) <= now])


def messages(grid):
    return [Message(RecordDict(), node, "train", group_id="1") for node in grid.get_node_ids()]


def test_it_is_the_grid_behind_it_in_everything_else():
    behind = InlineGrid(app, [{}, {}], {})
    grid = PollingGrid(behind)
    assert isinstance(grid, Grid)
    assert grid.run is behind.run
    assert list(grid.get_node_ids()) == list(behind.get_node_ids())
    assert list(grid.get_nodes()) == list(behind.get_nodes())
    ids = list(grid.push_messages(messages(grid)))
    replies = list(grid.pull_messages(ids))
    assert [one.metadata.reply_to_message_id for one in replies] == ids
    made = grid.create_message(RecordDict(), "train", 7, "3", 9.0)
    told = made.metadata
    assert (told.dst_node_id, told.group_id, told.ttl) == (7, "3", 9.0)


def test_a_run_that_is_set_is_the_run_of_the_grid_behind():
    behind = InlineGrid(app, [{}], {})
    run = InlineGrid(app, [{}], {}).run
    PollingGrid(behind).set_run(run)
    assert behind.run is run


def test_it_is_back_soon_after_the_last_reply(asked_for):
    grid = LateGrid(3, (0.0, 0.1, 0.4))
    replies = list(PollingGrid(grid, 0.05).send_and_receive(messages(grid)))
    took = time.monotonic() - grid.pushed
    assert len(replies) == 3
    assert took >= 0.4
    # Flower's own would look again after three seconds.
    assert max(asked_for) <= 0.05
    # Whoever has answered is not asked for again.
    assert len(grid.pulls[0][1]) == 3
    assert len(grid.pulls[-1][1]) == 1


@pytest.mark.parametrize("poll", [0.05, 60.0])
def test_a_deadline_is_kept_whatever_the_poll(poll, asked_for):
    grid = LateGrid(2, (0.0, 60.0))
    replies = list(PollingGrid(grid, poll).send_and_receive(messages(grid), timeout=0.5))
    took = time.monotonic() - grid.pushed
    assert len(replies) == 1
    assert took >= 0.5
    assert sum(asked_for) <= 0.5


def test_what_comes_just_before_the_deadline_is_taken():
    grid = LateGrid(1, (0.3,))
    replies = list(PollingGrid(grid, 60.0).send_and_receive(messages(grid), timeout=0.5))
    assert len(replies) == 1


def test_messages_that_were_not_taken_are_not_waited_for():
    grid = LateGrid(2)
    grid.refuses = (0,)
    replies = list(PollingGrid(grid, 60.0).send_and_receive(messages(grid), timeout=60.0))
    assert len(replies) == 1


def test_nobody_to_ask_is_no_wait():
    grid = LateGrid(0)
    assert list(PollingGrid(grid, 60.0).send_and_receive([])) == []
    assert grid.pulls == []
