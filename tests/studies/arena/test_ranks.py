"""Ranks and critical differences, held against Demsar's paper and closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from studies.arena.ranks import critical_difference, friedman, ranking

# Demsar 2006, Table 5: critical values of the two-tailed Nemenyi test at 5 %.
Q = {2: 1.960, 3: 2.343, 4: 2.569, 5: 2.728, 6: 2.850, 7: 2.949, 8: 3.031, 9: 3.102, 10: 3.164}


@pytest.mark.parametrize("rules", Q)
def test_the_critical_difference_has_the_papers_q(rules):
    for blocks in (5, 14, 36):
        expected = Q[rules] * math.sqrt(rules * (rules + 1) / (6 * blocks))
        assert critical_difference(rules, blocks) == pytest.approx(expected, rel=5e-4)


def test_nothing_can_be_told_of_one_rule_or_no_block():
    assert math.isnan(critical_difference(1, 9))
    assert math.isnan(critical_difference(3, 0))
    assert math.isnan(friedman(np.ones((4, 3))))


@given(arrays(np.float64, (5, 4), elements=st.sampled_from([0.1, 0.2, 0.3])))
def test_a_rank_is_one_more_than_those_better_and_half_of_those_equal(errors):
    found = ranking(("a", "b", "c", "d"), errors)
    expected = {}
    for place, rule in enumerate(("a", "b", "c", "d")):
        ranks = []
        for row in errors:
            better, equal = (row < row[place]).sum(), (row == row[place]).sum()
            ranks.append(better + (equal + 1) / 2)
        expected[rule] = sum(ranks) / 5
    assert dict(zip(found.rules, found.ranks, strict=True)) == pytest.approx(expected)
    assert list(found.ranks) == sorted(found.ranks)
    assert sum(found.ranks) == pytest.approx(4 * 5 / 2)


def test_a_rule_that_is_always_worse_has_wilcoxons_least_p():
    errors = np.array([[0.1, 0.2 + 0.01 * i, 0.1] for i in range(8)])
    found = ranking(("good", "bad", "same"), errors)
    p = dict(zip(found.rules, found.holm, strict=True))
    # All eight signs alike: 2 / 2^8; the one that never differs is no test, and no family.
    assert p["bad"] == pytest.approx(2 / 2**8)
    assert math.isnan(p["same"])
    assert math.isnan(p["good"])


def test_friedmans_statistic_is_the_closed_form():
    errors = np.array([[1.0, 2.0, 3.0], [1.0, 3.0, 2.0], [2.0, 1.0, 3.0], [1.0, 2.0, 3.0]])
    ranks, n, k = errors.mean(axis=0), 4, 3
    chi = 12 * n / (k * (k + 1)) * ((ranks**2).sum() - k * (k + 1) ** 2 / 4)
    # With two degrees of freedom the chi-squared distribution is an exponential one.
    assert friedman(errors) == pytest.approx(math.exp(-chi / 2))
