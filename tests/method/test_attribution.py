from __future__ import annotations

import time
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anml_fl.method.attribution import LARGEST_POOL, checked_pool, payouts

WEIGHTS = st.lists(
    st.one_of(
        st.just(0.0), st.floats(0, 1), st.floats(0, allow_infinity=False, allow_nan=False)
    ),
    min_size=1,
    max_size=30,
)
POOLS = st.one_of(st.integers(0, 100), st.integers(0, LARGEST_POOL))


@given(WEIGHTS, POOLS)
def test_every_unit_is_paid_and_nobody_is_a_unit_from_its_quota(weights, pool):
    paid = payouts(weights, pool).tolist()
    total = sum(map(Fraction, weights))
    if total == 0:
        assert paid == [0] * len(weights)
        return
    assert sum(paid) == pool
    for weight, one in zip(weights, paid, strict=True):
        assert abs(one - pool * Fraction(weight) / total) < 1
        assert weight > 0 or one == 0


@given(WEIGHTS, st.integers(0, 10**6))
def test_the_units_left_go_to_the_largest_remainders_ties_to_the_lower_index(weights, pool):
    total = sum(map(Fraction, weights))
    if total == 0:
        return
    quotas = [pool * Fraction(weight) / total for weight in weights]
    expected = [int(quota) for quota in quotas]
    left = [quota - one for quota, one in zip(quotas, expected, strict=True)]
    for _ in range(pool - sum(expected)):  # one at a time, to whoever is furthest short
        best = left.index(max(left))
        expected[best] += 1
        left[best] = Fraction(-1)
    assert payouts(weights, pool).tolist() == expected


def test_a_third_each_leaves_the_odd_unit_to_the_first():
    assert payouts([1 / 3, 1 / 3, 1 / 3], 100).tolist() == [34, 33, 33]
    assert payouts([1, 1, 1], LARGEST_POOL).sum() == LARGEST_POOL


def test_floats_are_taken_at_their_exact_value():
    # 0.1 is a little more than a tenth, so that 3 * 0.1 is more than 0.3; and 1e-300 of
    # 1e300 is lost to any sum of floats.
    tenth = payouts([0.1, 0.1, 0.1, 0.3], LARGEST_POOL).tolist()
    quota = LARGEST_POOL * Fraction(0.3) / (3 * Fraction(0.1) + Fraction(0.3))
    assert tenth[3] in (int(quota), int(quota) + 1)
    assert payouts([5e-324, 1e308, 1e308], 3).tolist() == [0, 2, 1]


def test_nan_has_no_share_and_without_weights_nobody_is_paid():
    assert payouts([np.nan, 2.0, np.nan], 7).tolist() == [0, 7, 0]
    assert payouts([np.nan, 0.0], 7).tolist() == [0, 0]
    assert payouts([], 7).tolist() == []
    assert payouts([0.5], 7).dtype == payouts([], 7).dtype == np.int64


@pytest.mark.parametrize("pool", [-1, LARGEST_POOL + 1, 1.0, "5"])
def test_a_pool_that_json_cannot_hold_is_refused(pool):
    with pytest.raises(ValueError, match="pool must"):
        payouts([1.0], pool)
    with pytest.raises(ValueError, match="pool must"):
        checked_pool(pool)


@pytest.mark.parametrize("weight", [-0.1, np.inf, -np.inf])
def test_a_weight_that_is_no_share_is_refused(weight):
    with pytest.raises(ValueError, match=r"finite and >= 0, got weights\[1\]"):
        payouts([0.5, weight], 10)


def test_a_thousand_contributors_take_milliseconds():
    weights = np.random.default_rng(0).random(1000)
    taken = []
    for _ in range(5):
        start = time.process_time()
        assert payouts(weights, LARGEST_POOL).sum() == LARGEST_POOL
        taken.append(time.process_time() - start)
    assert min(taken) < 0.05
