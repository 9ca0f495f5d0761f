"""A strategy's four parts, the options that are sorted into them, and what a round is."""

from __future__ import annotations

import math
from dataclasses import FrozenInstanceError, fields

import numpy as np
import pytest
from flwr.app import ConfigRecord

from anml_fl.method.records import RoundRecord
from anml_fl.registry.instants import Reading
from anml_fl.registry.memory import InMemoryRegistry
from anml_fl.settings.aggregation import Aggregation
from strategies.anml import Anml
from strategies.decision import Decision, averaged
from strategies.metrics import Metrics
from strategies.options import Options, parts_of
from strategies.participation import Participation
from strategies.rule import Rule, named_rule
from strategies.sampling import Sampling
from strategies.screened_strategy import ScreenedStrategy
from strategies.signal_source import SignalSource
from strategies.transport import Transport

RECORD = RoundRecord(1, "anml", None, math.nan, math.nan, ())


class Watched(InMemoryRegistry):
    """A registry that keeps what it was told."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def observe(self, run, record):
        self.seen.append((run, record.round))


# ── Signals ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("at", "read"),
    [
        (2.5, Reading(2.5)),
        (Reading(1.0, "late"), Reading(1.0, "late")),
        (lambda number: number / 4, Reading(0.75)),
        (lambda number: Reading(number, "said"), Reading(3, "said")),
    ],
)
def test_instants_are_read_for_a_round(at, read):
    assert SignalSource(at=at).read(3) == read


@pytest.mark.parametrize("at", [math.nan, math.inf, 2e12, "now", None])
def test_an_instant_that_is_none_is_refused(at):
    with pytest.raises((TypeError, ValueError), match="at"):
        SignalSource(at=at)
    with pytest.raises((TypeError, ValueError), match="at"):
        SignalSource(at=lambda number: at).read(1)


@pytest.mark.parametrize("moving", [True, False])
def test_reputation_moves_in_the_run_that_is_named(moving):
    registry = Watched()
    source = SignalSource(registry, reputation=moving, run="mine")
    source.observe(RECORD)
    source.observe(RECORD, "another")
    assert registry.seen == ([("mine", 1), ("another", 1)] if moving else [])


def test_reputation_moves_once_a_round_and_only_after_it(federation, by_node):
    registry = Watched()
    strategy = Anml(registry=registry, reputation=True, run="mine", roster=by_node)
    sent = federation.ask(strategy, 5)
    strategy.aggregate_train(1, [federation.reply(message) for message in sent])
    assert registry.seen == []


# ── Participation ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("members", "share", "valid", "asked", "wanted"),
    [
        ((), 0.5, 2, 4, None),
        ((), 0.5, 1, 4, 2.0),
        ((), 0.0, 0, 4, None),
        (("a", "b", "c", "d", "e", "f"), 0.5, 2, 4, 3.0),
        (("a", "b"), 1.0, 2, 4, None),
    ],
)
def test_enough_is_a_share_of_the_members_or_of_who_was_asked(
    members, share, valid, asked, wanted
):
    part = Participation(members=members, min_replies=share)
    assert part.enough(valid, asked) == wanted


def test_members_are_a_set_whatever_they_are_given_as():
    assert Participation(members=["b", "a", "b"]).members == frozenset("ab")
    assert Participation(min_train_nodes=3, min_available_nodes=7).least == 7


# ── Transport ───────────────────────────────────────────────────────────────────────────────


def test_a_packed_model_is_one_array_with_its_layout_beside_it(federation):
    arrays, config = federation.arrays(), ConfigRecord({"lr": 0.1})
    plain, packed = Transport(), Transport(packed=True)
    layout = plain.layout(arrays)
    assert plain.sent(arrays, layout, config) == (arrays, config)
    sent, said = packed.sent(arrays, packed.layout(arrays), config)
    assert len(sent) == 1
    assert set(said) > {"lr"}
    assert dict(config) == {"lr": 0.1}


def test_buffers_are_what_is_not_judged(federation):
    layout = Transport(judged=["w"]).layout(federation.arrays())
    assert layout.buffers == {"b", "steps"}
    with pytest.raises(TypeError, match="a collection of names is needed, got the text 'w'"):
        Transport(judged="w")


# ── Options ─────────────────────────────────────────────────────────────────────────────────


def test_every_option_belongs_to_one_part():
    owners = [
        {field.name for field in fields(kind)}
        for kind in (SignalSource, Participation, Transport, Sampling, Metrics)
    ]
    of_rule = {"name", "n_byzantine", "example_weighting", "server_optimizer", "root"}
    for name in set(Options.__annotations__) - of_rule - {"save", "pool", "record_updates"}:
        assert sum(name in owner for owner in owners) == 1
    assert set().union(*owners) < set(Options.__annotations__)


def test_options_change_the_rules_settings_and_nothing_else():
    rule = named_rule("krum", Aggregation(alpha=0.25))
    changed, *_ = parts_of(
        rule, {"name": "mine", "n_byzantine": 1, "example_weighting": False}
    )
    assert (changed.name, changed.decide) == ("mine", rule.decide)
    settings = changed.settings
    assert (settings.n_byzantine, settings.example_weighting, settings.alpha) == (
        1,
        False,
        0.25,
    )
    assert rule.settings == Aggregation(alpha=0.25)
    assert isinstance(parts_of(rule, {"registry": None})[1].registry, InMemoryRegistry)


def test_an_unknown_option_is_named_with_the_known_ones():
    known = ", ".join(Options.__annotations__)
    with pytest.raises(TypeError) as caught:
        parts_of(named_rule("krum", Aggregation()), {"registri": None})
    assert str(caught.value) == f"unknown option 'registri'; known: {known}"


# ── Round ───────────────────────────────────────────────────────────────────────────────────


def counting(cohort, context):
    """Count the rounds in its state."""
    found = averaged(cohort)
    count = context.state.get("count", np.zeros(1)) + 1
    return Decision(found.update, found.weights, found.selected, state={"count": count})


@pytest.fixture
def strategy(by_node):
    return ScreenedStrategy(
        Rule(counting, "counting"),
        participation=Participation(roster=by_node, min_replies=0.5),
    )


def test_a_round_is_made_once_and_cannot_be_changed(federation, strategy):
    sent = federation.ask(strategy, 4)
    new, _ = strategy.aggregate_train(
        1, [federation.reply(message, federation.moved(1.0)) for message in sent]
    )
    done = strategy.round
    assert done.record is strategy.records[-1]
    assert (done.arrays, done.changed) == (new, True)
    assert done.before.tolist() == [*range(12), 0, 0, 0]
    assert done.cohort.contributors == ("c100", "c101", "c102", "c103")
    tested = done.tested(0.25)
    assert (tested.record.test_error, math.isnan(done.record.test_error)) == (0.25, True)
    assert (tested.cohort, tested.arrays) == (done.cohort, done.arrays)
    with pytest.raises(FrozenInstanceError):
        done.changed = False


def test_state_goes_from_round_to_round_and_stays_where_nothing_is_decided(
    federation, strategy
):
    counts = []
    for number, replies in ((1, 4), (2, 1), (3, 4)):
        sent = federation.ask(strategy, 4, number)
        strategy.aggregate_train(number, [federation.reply(m) for m in sent[:replies]])
        counts.append(strategy.round.state["count"].tolist())
        assert strategy.round.changed == (replies == 4)
    assert counts == [[1.0], [1.0], [2.0]]


def test_state_is_taken_up_where_a_run_goes_on(federation, strategy):
    strategy.resume(6, {"count": np.array([6.0])})
    sent = federation.ask(strategy, 4)
    strategy.aggregate_train(1, [federation.reply(message) for message in sent])
    assert strategy.round.record.round == 7
    assert strategy.round.state["count"].tolist() == [7.0]
