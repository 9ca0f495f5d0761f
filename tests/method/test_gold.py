"""Reputation from checked answers: no certainty from small numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anml_fl.method.gold import gold_reputation

PEOPLE = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=30)


@given(PEOPLE)
def test_reputation_lies_between_ones_own_share_and_everybodys(people) -> None:
    right, wrong = np.array(people, dtype=float).T
    graded = right + wrong
    if graded.sum() == 0:
        return
    m = (right.sum() + 1) / (graded.sum() + 2)
    r = gold_reputation(right, graded)
    own = np.where(graded > 0, right / np.maximum(graded, 1), m)
    low, high = np.minimum(own, m), np.maximum(own, m)
    inside = np.clip(r, np.clip(low, 0.1, 0.95) - 1e-9, np.clip(high, 0.1, 0.95) + 1e-9)
    np.testing.assert_array_equal(r, inside)


def test_whom_chance_alone_sets_apart_all_get_the_crowds_share() -> None:
    rng = np.random.default_rng(0)
    r = gold_reputation(rng.binomial(5, 0.7, 4000), np.full(4000, 5))
    assert np.ptp(r) < 0.1
    assert r.mean() == pytest.approx(0.7, abs=0.02)


def test_who_really_differ_are_told_apart_as_bayes_would_have_it() -> None:
    rng = np.random.default_rng(1)
    truth = rng.beta(6, 4, 20_000)
    right = rng.binomial(8, truth)
    r = gold_reputation(right, np.full(truth.size, 8))
    # The posterior mean of Beta(6, 4) after 8 answers: nu = 10, m = .6.
    np.testing.assert_allclose(r, np.clip((6 + right) / 18, 0.1, 0.95), atol=0.02)


def test_more_answers_count_for_more() -> None:
    r = gold_reputation([2, 20, 10, 3], [2, 20, 40, 10])
    assert r[1] > r[0] > r[3]


@pytest.mark.parametrize(
    ("right", "graded", "said"),
    [
        ([1.0], [1.0, 2.0], "as long, got 1 and 2"),
        ([3.0, 1.0], [2.0, 2.0], r"right\[0\] must lie in \[0, 2\], what was graded, got 3"),
        ([-1.0], [2.0], r"right\[0\] must be a count, got -1"),
        ([1.0], [float("nan")], r"graded\[0\] must be a count, got nan"),
        ([0.0], [0.0], "at least one answer"),
    ],
)
def test_counts_that_cannot_be_are_refused(right, graded, said) -> None:
    with pytest.raises(ValueError, match=said):
        gold_reputation(right, graded)


def test_a_few_right_answers_make_nobody_certain() -> None:
    assert gold_reputation([1], [1])[0] == pytest.approx(2 / 3, abs=0.01)
    assert gold_reputation([5], [5])[0] == pytest.approx(6 / 7, abs=0.01)
    assert gold_reputation([5, 5, 5], [5, 5, 5]).max() < 0.95
