"""Who is asked of those who are there: how many, and the same for the same seed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.anml import Anml
from strategies.sampling import Sampling

NAMES = st.lists(st.integers(2, 10**6), unique=True, max_size=20).map(
    lambda nodes: {node: f"c{node}" for node in nodes}
)
FRACTIONS = st.floats(0, 1)


@given(NAMES, FRACTIONS, st.integers(0, 25), st.integers(0, 2**32), st.integers(1, 99))
def test_as_many_are_drawn_as_flowers_fedavg_draws(present, fraction, least, seed, number):
    drawn = Sampling(fraction, seed=seed).to_train(present, number, least)
    wanted = max(int(len(present) * fraction), least) if fraction else 0
    assert len(drawn) == min(wanted, len(present))
    assert drawn.items() <= present.items()
    tested = Sampling(1.0, fraction, least, seed).to_evaluate(present, number)
    assert len(tested) == len(drawn)


@given(NAMES, st.integers(0, 2**32), st.randoms())
def test_who_is_drawn_depends_on_identities_and_not_on_node_ids(present, seed, random):
    sampling = Sampling(0.5, seed=seed)
    drawn = set(sampling.to_train(present, 3, 0).values())
    names = list(present.values())
    random.shuffle(names)
    others = dict(zip(random.sample(range(2, 10**6), len(names)), names, strict=True))
    assert set(sampling.to_train(others, 3, 0).values()) == drawn


def test_everybody_is_drawn_at_some_time_and_rounds_differ():
    present = {node: f"c{node}" for node in range(2, 12)}
    rounds = [tuple(Sampling(0.5, seed=1).to_train(present, n, 0)) for n in range(1, 40)]
    assert {node for one in rounds for node in one} == set(present)
    assert len(set(rounds)) > 20
    assert Sampling().seed != Sampling().seed


@pytest.mark.parametrize("fraction", [0.3, 0.5])
def test_who_was_not_drawn_is_not_left_out_and_the_record_says_so(
    federation, by_node, fraction
):
    made = []
    for _ in range(2):
        strategy = Anml(roster=by_node, fraction_train=fraction, seed=7)
        sent = federation.ask(strategy, 10)
        strategy.aggregate_train(1, [federation.reply(m) for m in sent])
        made.append(strategy.records[0])
    record = made[0]
    asked = [c.contributor for c in record.contributors]
    assert asked == [c.contributor for c in made[1].contributors]
    assert len(asked) == fraction * 10
    assert record.excluded == 0
    others = sorted({f"c{node}" for node in range(100, 110)} - set(asked))
    assert record.note is not None
    assert record.note.endswith(f"not drawn: {', '.join(others)}")


def test_members_that_are_not_drawn_are_not_missing_and_are_not_needed(federation, by_node):
    members = [f"c{100 + i}" for i in range(10)] + ["away"]
    strategy = Anml(
        roster=by_node, members=members, fraction_train=0.5, min_replies=0.8, seed=1
    )
    sent = federation.ask(strategy, 10)
    assert len(sent) == 5
    arrays, _ = strategy.aggregate_train(1, [federation.reply(m) for m in sent])
    assert arrays is not None
    reasons = {c.contributor: c.reason for c in strategy.records[0].contributors if c.reason}
    assert reasons == {"away": "no node is connected"}


def test_at_least_min_train_nodes_are_drawn(federation, by_node):
    strategy = Anml(roster=by_node, fraction_train=0.1, min_train_nodes=4)
    assert len(federation.ask(strategy, 10)) == 4


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"fraction_train": 1.1}, r"fraction_train must lie in \[0, 1\]"),
        ({"fraction_evaluate": float("nan")}, "fraction_evaluate must lie in"),
        ({"min_evaluate_nodes": -1}, "min_evaluate_nodes must be >= 0"),
        ({"seed": 1.5}, "seed must be >= 0 and whole, got 1.5"),
        ({"weighted_by_key": ""}, "weighted_by_key must be a metric's name, got ''"),
        ({"train_metrics_aggr_fn": 7}, "train_metrics_aggr_fn must be callable, got int"),
        ({"evaluate_metrics_aggr_fn": "mean"}, "evaluate_metrics_aggr_fn must be callable"),
        ({"arrayrecord_key": 7}, "arrayrecord_key must be a record's name, got 7"),
        ({"arrayrecord_key": "config"}, "must differ, got 'config' twice"),
        ({"packed": True, "configrecord_key": "own"}, "packed models travel as 'arrays'"),
        ({"fraction_fit": 0.5}, "unknown option 'fraction_fit'; known: .*fraction_train"),
    ],
    ids=str,
)
def test_arguments_that_cannot_be_used_are_refused_by_name(options, told):
    with pytest.raises((TypeError, ValueError), match=told):
        Anml(**options)


def test_an_argument_by_position_is_told_what_stands_there():
    with pytest.raises(ValueError, match=r"unknown combination 0\.5; known: two_stage"):
        Anml(0.5)
    with pytest.raises(TypeError, match="settings must be an Aggregation, got float"):
        Anml("two_stage", 0.5)
