"""Waiting for nodes: as long as it takes, within one's patience, and then with a reason."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from flwr.app import Array, ArrayRecord, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from flwr.serverapp.strategy import FedAvg

from anml_fl.plugins import RULES
from anml_fl.settings.aggregation import Aggregation
from clients.echo import echo_nonce
from server.engines.inline_grid import InlineGrid
from strategies.anml import Anml
from strategies.catalogue import strategy


class Coming(InlineGrid):
    """A grid whose nodes connect one by one, at the seconds given."""

    def __init__(self, app, moments):
        super().__init__(app, [{}] * len(moments), {})
        self.since = time.monotonic()
        self.moments = dict(zip(super().get_node_ids(), moments, strict=True))

    def get_node_ids(self):
        after = time.monotonic() - self.since
        return [node for node, moment in self.moments.items() if moment <= after]

    def get_nodes(self):
        there = set(self.get_node_ids())
        return [node for node in super().get_nodes() if node.node_id in there]


def an_app(*mods, fail=False):
    app = ClientApp(mods=list(mods))

    @app.train()
    def train(message, context):
        if fail:
            raise RuntimeError("no data")
        w = message.content["arrays"]["w"].numpy()
        content = RecordDict(
            {
                "arrays": ArrayRecord({"w": Array(w + np.float32(1))}),
                "metrics": MetricRecord({"num-examples": 10}),
            }
        )
        return Message(content, reply_to=message)

    return app


def model():
    return ArrayRecord({"w": Array(np.zeros(3, np.float32))})


def run(chosen, grid, rounds=2):
    return chosen.start(grid, model(), num_rounds=rounds)


@pytest.mark.parametrize("name", RULES.names)
def test_nodes_that_come_later_are_waited_for_as_flowers_fedavg_does(name, caplog, trusted):
    grid = Coming(an_app(echo_nonce), [0.0, 0.6])
    honest = [f"node-{node}" for node in grid.moments]
    chosen = strategy(name, Aggregation(), honest, root=trusted(name))
    grid.since = started = time.monotonic()  # a rule may take a while to import
    result = run(chosen, grid)
    assert 0.5 < time.monotonic() - started < 20
    assert result.arrays["w"].numpy().tolist() == [2, 2, 2]
    assert "1 of 2 contributors are there, on 1 nodes" in caplog.text


def test_the_defaults_are_fedavgs():
    assert Anml().participation.least == max(
        FedAvg().min_train_nodes, FedAvg().min_available_nodes
    )


@pytest.mark.parametrize("name", ["min_train_nodes", "min_available_nodes"])
def test_either_number_can_be_set_and_the_larger_counts(name):
    grid = Coming(an_app(echo_nonce), [0.0, 0.0, 0.5])
    chosen = Anml(**{name: 3})
    run(chosen, grid, 1)
    assert len(chosen.records[0].contributors) == 3


def test_one_node_is_enough_for_whom_it_is_enough():
    chosen = Anml(min_train_nodes=1, min_available_nodes=1)
    result = run(chosen, Coming(an_app(echo_nonce), [0.0]))
    assert result.arrays["w"].numpy().tolist() == [2, 2, 2]


@pytest.mark.parametrize("there", [0, 1])
def test_who_does_not_come_ends_the_run_with_the_numbers(there):
    chosen = Anml(min_available_nodes=3, patience=0.3)
    started = time.monotonic()
    with pytest.raises(RuntimeError, match=f"^{there} of 3 contributors are"):
        run(chosen, Coming(an_app(echo_nonce), [0.0] * there + [1e9]))
    assert 0.3 <= time.monotonic() - started < 5
    assert chosen.records == []


def test_a_node_that_leaves_is_waited_for_too():
    grid = Coming(an_app(echo_nonce), [0.0, 0.0])
    chosen = Anml(patience=0.3)

    def leave(server_round, arrays):
        if server_round == 1:
            grid.moments[next(iter(grid.moments))] = 1e9

    with pytest.raises(RuntimeError, match="1 of 2 contributors are connected, and"):
        chosen.start(grid, model(), num_rounds=2, evaluate_fn=leave)
    assert len(chosen.records) == 1


def test_a_node_that_comes_back_goes_on():
    grid = Coming(an_app(echo_nonce), [0.0, 0.0])
    first = next(iter(grid.moments))

    def leave(server_round, arrays):
        if server_round == 1:
            grid.moments[first] = 1e9
            threading.Timer(0.5, lambda: grid.moments.update({first: 0.0})).start()

    result = Anml().start(grid, model(), num_rounds=2, evaluate_fn=leave)
    assert result.arrays["w"].numpy().tolist() == [2, 2, 2]


def test_nodes_that_the_roster_does_not_know_do_not_count():
    grid = Coming(an_app(echo_nonce), [0.0] * 4)
    first, second, third, _ = grid.moments
    roster = {first: "a", second: "b", third: "b"}
    chosen = Anml(roster=lambda grid: roster, patience=0.0)
    with pytest.raises(RuntimeError, match="1 of 2 contributors are connected, on 4 nodes"):
        run(chosen, grid)
    with pytest.raises(RuntimeError, match="b is claimed by 2 nodes"):
        run(chosen, grid)


def test_whom_two_nodes_stand_for_takes_no_part_and_the_record_says_so():
    grid = Coming(an_app(echo_nonce), [0.0] * 6)
    names = dict(zip(grid.moments, "abcdee", strict=True))
    chosen = Anml(roster=lambda grid: names)
    run(chosen, grid, 1)
    assert [c.contributor for c in chosen.records[0].contributors] == list("abcd")
    assert chosen.records[0].refused == ("e is claimed by 2 nodes",)


@pytest.mark.parametrize(
    "roster",
    [None, [1], {"1": "a"}, {True: "a"}, {1: None}, {1: ""}, {1: b"a"}, {1.0: "a"}],
    ids=str,
)
def test_a_roster_that_is_none_is_refused_before_anyone_trains(federation, roster):
    with pytest.raises(TypeError, match="roster must"):
        federation.ask(Anml(roster=lambda grid: roster), 3)


def test_rounds_that_changed_nothing_are_no_success():
    chosen = Anml()
    reason = r"no valid reply.*RuntimeError in test_gathering\.py, line"
    with pytest.raises(RuntimeError, match=f"none of 3 rounds changed the model.*{reason}"):
        run(chosen, Coming(an_app(echo_nonce, fail=True), [0.0] * 4), 3)
    assert len(chosen.records) == 3


def test_too_few_replies_in_every_round_are_no_success_either():
    chosen = Anml(min_replies=1.0, members=["somebody else"] * 2 + ["x", "y", "z"])
    with pytest.raises(RuntimeError, match=r"2 valid replies, fewer than 4: the model stays"):
        run(chosen, Coming(an_app(echo_nonce), [0.0] * 2))


def test_whoever_asks_for_nobody_waits_for_nobody():
    """As our own runs, which gather their nodes themselves and keep every round."""
    chosen = Anml(min_train_nodes=0, min_available_nodes=0)
    started = time.monotonic()
    result = run(chosen, Coming(an_app(echo_nonce), [1e9]), 3)
    assert time.monotonic() - started < 5
    assert not result.arrays
    assert [r.note for r in chosen.records] == ["no valid reply: the model stays as it is"] * 3


def test_no_rounds_are_no_failure():
    assert not run(Anml(), Coming(an_app(echo_nonce), []), 0).arrays


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"min_train_nodes": -1}, "min_train_nodes must be >= 0 and whole, got -1"),
        ({"min_available_nodes": 1.5}, "min_available_nodes must be >= 0 and whole, got 1.5"),
        ({"min_train_nodes": True}, "min_train_nodes must be >= 0 and whole, got True"),
        ({"patience": float("nan")}, "patience must lie in"),
        ({"patience": None}, "patience must lie in"),
        ({"min_replies": 1.1}, r"min_replies must lie in \[0, 1\], got min_replies = 1.1"),
        ({"n_byzantine": -1}, "n_byzantine must be >= 0 and whole, got -1"),
        ({"n_byzantine": True}, "n_byzantine must be >= 0 and whole, got True"),
        ({"members": "abc"}, "a collection of names is needed, got the text 'abc'"),
        ({"settings": {"tau_h": 0.5}}, "settings must be an Aggregation, got dict"),
        ({"registry": {"a": 0.5}}, "needs a registry with a signals method, got dict"),
        ({"roster": {1: "a"}}, "roster must be callable, got dict"),
        ({"run": 7}, "run must be a text, got 7"),
        ({"min_fit_clients": 2}, "unknown option 'min_fit_clients'; known: name, "),
    ],
    ids=str,
)
def test_bad_options_are_refused_by_the_constructor(options, message):
    with pytest.raises((TypeError, ValueError), match=message):
        Anml(**options)


def test_a_strategy_goes_on_after_whole_rounds_only():
    with pytest.raises(ValueError, match="done must be >= 0"):
        Anml().resume(-1)


def test_configuring_by_hand_waits_too(federation, by_node):
    with pytest.raises(RuntimeError, match="1 of 2 contributors are connected, and"):
        federation.ask(Anml(roster=by_node, patience=0.0), 1)
