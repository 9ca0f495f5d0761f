"""What is measured of a run, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from studies.arena.measures import minority, payouts, thrown_out, worst_class_error

ROUNDS, N, CLASSES = 4, 6, 3


@given(
    arrays(bool, (ROUNDS, N)),
    arrays(bool, N),
    arrays(np.int64, (N, CLASSES), elements=st.integers(1, 9)),
)
def test_shares_are_those_of_rounds_and_rows_counted_one_by_one(selected, honest, counts):
    found = thrown_out(selected.astype(float), honest, counts.astype(float))
    times = [sum(selected[r, i] for r in range(ROUNDS)) / ROUNDS for i in range(N)]
    good = [i for i in range(N) if honest[i]]
    bad = [i for i in range(N) if not honest[i]]
    for name, group in (("honest_kept", good), ("attackers_kept", bad)):
        if group:
            assert found[name] == pytest.approx(sum(times[i] for i in group) / len(group))
        else:
            assert np.isnan(found[name])
    if not good:
        return
    by_class = [
        sum(times[i] * counts[i, c] for i in good) / sum(counts[i, c] for i in good)
        for c in range(CLASSES)
    ]
    assert [found[f"kept/{c}"] for c in range(CLASSES)] == pytest.approx(by_class)
    assert found["worst_class_kept"] == pytest.approx(min(by_class))
    assert found["worst_site_kept"] == pytest.approx(min(times[i] for i in good))


def test_a_class_that_no_honest_contributor_holds_is_left_out():
    counts = np.array([[5.0, 0.0], [0.0, 5.0]])
    found = thrown_out(np.ones((1, 2)), np.array([True, False]), counts)
    assert "kept/0" in found
    assert "kept/1" not in found


def test_the_minority_is_a_fifth_of_the_honest_and_no_attacker():
    # Distances from the pool, 1/2 sum |p - pool|: the attacker's is the largest by far.
    counts = np.full((11, 2), 5.0)
    counts[10] = (0.0, 200.0)
    counts[3], counts[7] = (10.0, 0.0), (9.0, 1.0)
    honest = np.ones(11, bool)
    honest[10] = False
    assert minority(counts, honest).tolist() == [3, 7]
    assert minority(counts, ~np.ones(11, bool)).tolist() == []


def test_every_round_pays_one_pool_and_a_round_without_weights_none():
    weights = np.array([[0.25, 0.75], [np.nan, np.nan], [1.0, 0.0]])
    assert payouts(weights) == pytest.approx([1.25 / 2, 0.75 / 2])
    assert payouts(np.zeros((2, 2))).tolist() == [0.0, 0.0]


def test_the_worst_class_counts_by_its_own_rows():
    labels = np.array([0] * 9 + [1])
    assert worst_class_error(np.zeros(10, int), labels) == 1.0
    assert worst_class_error(labels, labels) == 0.0
