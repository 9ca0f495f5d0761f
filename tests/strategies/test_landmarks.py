"""A round of more contributors than landmarks: q is estimated, and the record says so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from anml_fl.settings.aggregation import Aggregation
from strategies.rule import named_rule
from strategies.sampling import Sampling
from strategies.screened_strategy import ScreenedStrategy


@pytest.fixture
def round_of(federation, by_node):
    def play(q, seed=1, rounds=(1,)):
        strategy = ScreenedStrategy(
            named_rule("q_only", Aggregation(q=q)), sampling=Sampling(seed=seed)
        )
        strategy.participation = replace(strategy.participation, roster=by_node)
        for number in rounds:
            sent = federation.ask(strategy, 40, number)
            rng = np.random.default_rng(0)
            replies = [
                federation.reply(m, federation.moved(rng.normal(size=15))) for m in sent
            ]
            strategy.aggregate_train(number, replies)
        return strategy.round

    return play


def test_the_record_says_how_q_was_taken(round_of):
    note = round_of("landmark:20").record.note
    assert note.startswith(
        "q by 20 landmarks of 40 contributors: over the landmarks its rank correlation with"
        " the exact q is 0."
    )


def test_q_is_that_of_all_pairs_where_there_are_no_more_than_landmarks(round_of):
    exact, all_ = round_of("exact"), round_of("landmark:40")
    assert all_.record.note is None
    np.testing.assert_array_equal(exact.cohort.q, all_.cohort.q)


def test_landmarks_are_drawn_by_seed_and_round(round_of):
    one, same, other, later = (
        round_of("landmark:8", seed, rounds).cohort.scores
        for seed, rounds in ((1, (1,)), (1, (1,)), (2, (1,)), (1, (1, 2)))
    )
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)
    assert not np.array_equal(one, later)


@pytest.mark.parametrize(
    "q", ["Exact", "landmark", "landmark:1", "landmark:-5", "landmark:1e3", ""]
)
def test_another_way_to_q_is_refused_and_the_ways_are_named(q):
    with pytest.raises(ValueError, match=r"exact, or landmark: .*such as landmark:256"):
        Aggregation(q=q)


def test_landmarks_are_what_q_says():
    assert Aggregation().landmarks is None
    assert [Aggregation(q=f"landmark:{k}").landmarks for k in (2, 256, 999_999)] == [
        2,
        256,
        999_999,
    ]
