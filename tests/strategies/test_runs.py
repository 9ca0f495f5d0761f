"""Runs on one registry: each is one of its own, and a round of it is observed once."""

from __future__ import annotations

import numpy as np
import pytest
from flwr.app import Array, ArrayRecord, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp

from anml_fl.database.engine import open_database
from anml_fl.registry.clock import date
from anml_fl.registry.domain import Contributor
from anml_fl.registry.instants import Reading
from anml_fl.registry.memory import InMemoryRegistry
from anml_fl.registry.sql import SqlRegistry
from clients.echo import echo_nonce
from server.engines.inline_grid import InlineGrid
from strategies.anml import Anml

app = ClientApp(mods=[echo_nonce])


@app.train()
def train(message, context):
    return reply(message, context)


def reply(message, context):
    w = message.content["arrays"]["w"].numpy()
    step = np.float32(-9 if context.node_config["i"] == 5 else 1)
    content = {
        "arrays": ArrayRecord({"w": Array(w + step)}),
        "metrics": MetricRecord({"num-examples": 10}),
    }
    return Message(RecordDict(content), reply_to=message)


def start(strategy, rounds=2):
    grid = InlineGrid(app, [{"i": i} for i in range(6)], {})
    strategy.start(grid, ArrayRecord({"w": Array(np.zeros(3, np.float32))}), num_rounds=rounds)
    return sorted(f"node-{node}" for node in grid.get_node_ids())


def reputations(registry, names):
    return registry.signals(names, at=1.0).r


def test_a_second_run_carries_on_what_the_first_has_earned():
    """Two runs of two rounds are worth what one run of four is."""
    twice, once = InMemoryRegistry(), InMemoryRegistry()
    for _ in range(2):
        names = start(Anml("softmax_blend", registry=twice, reputation=True))
    start(Anml("softmax_blend", registry=once, reputation=True), 4)
    assert reputations(twice, names) == pytest.approx(reputations(once, names))
    assert set(reputations(twice, names)) != {0.4}


def test_one_strategy_that_is_started_twice_is_two_runs():
    registry = InMemoryRegistry()
    strategy = Anml(registry=registry, reputation=True)
    names = start(strategy)
    first, before = strategy.run, reputations(registry, names)
    start(strategy)
    assert strategy.run != first
    assert (reputations(registry, names) != before).any()


def test_under_a_name_of_ones_own_no_round_counts_twice():
    registry = InMemoryRegistry()
    names = start(Anml(registry=registry, reputation=True, run="mine"))
    before = reputations(registry, names)
    other = Anml("multiplicative", registry=registry, reputation=True, run="mine")
    with pytest.raises(ValueError, match="round 1 of run 'mine' was observed"):
        start(other)
    assert (reputations(registry, names) == before).all()


def test_a_database_takes_a_run_without_a_name_too(tmp_path):
    engine = open_database(tmp_path / "anml.db")
    registry = SqlRegistry(engine)
    grid = InlineGrid(app, [{"i": i} for i in range(6)], {})
    for node in grid.get_node_ids():
        who = f"node-{node}"
        person = Contributor(who, who, "news", who.encode(), date(0))
        registry.add_contributor(person, at=date(0))
    for _ in range(2):
        strategy = Anml(registry=registry, reputation=True, at=50.0)
        names = start(strategy, 1)
    runs = {entry.run for name in names for _, entry in registry.history(name, date(2**51))}
    engine.dispose()
    assert len(runs) == 2
    assert strategy.run in runs


NO_INSTANTS = [np.nan, np.inf, -np.inf, 1e13, "now", None, True, 1 + 0j, [1.0], date(0)]
NO_INSTANTS += [Reading(np.nan), Reading("now")]


@pytest.mark.parametrize("at", NO_INSTANTS, ids=repr)
def test_an_instant_that_is_none_is_refused_by_its_name_when_it_is_given(at):
    told = r"^at must lie in \[-1e\+12, 1e\+12\], got at = "
    with pytest.raises(ValueError, match=told):
        Anml(at=at)


@pytest.mark.parametrize("at", NO_INSTANTS, ids=repr)
@pytest.mark.parametrize("bad_round", [1, 2])
def test_a_clock_that_gives_none_is_refused_before_anyone_trains(at, bad_round):
    trained = []
    counting = ClientApp(mods=[echo_nonce])

    @counting.train()
    def _(message, context):
        trained.append(1)
        return reply(message, context)

    strategy = Anml(at=lambda n: at if n == bad_round else 0.0)
    grid = InlineGrid(counting, [{"i": i} for i in range(6)], {})
    with pytest.raises(ValueError, match=r"^at must lie in .*, got at = "):
        strategy.start(grid, ArrayRecord({"w": Array(np.zeros(3, np.float32))}), num_rounds=3)
    assert len(trained) == 6 * (bad_round - 1)
    assert len(strategy.records) == bad_round - 1


@pytest.mark.parametrize("at", [0, -3.5, np.float32(2), 1e12, Reading(5.0, "odd")])
def test_an_instant_is_taken_as_it_is(at):
    strategy = Anml(at=at)
    start(strategy)
    assert strategy.records[0].at == (at.at if isinstance(at, Reading) else at)
    assert ("odd" in (strategy.records[0].note or "")) == isinstance(at, Reading)
