"""Tests of paired differences against all choices of signs, Holm's against its steps."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_1samp

from anml_fl.run.sign_flip import holm, paired_tests, sign_flip

# Quarters: their sums are exact, so that ties are ties.
DIFFERENCES = st.lists(st.integers(-12, 12).map(lambda one: one / 4), min_size=1, max_size=8)
P_VALUES = st.lists(st.integers(1, 40).map(lambda one: one / 40), max_size=6)


@given(DIFFERENCES)
def test_p_is_the_share_of_signs_that_lie_as_far(values):
    sums = [
        abs(sum(sign * abs(one) for sign, one in zip(signs, values, strict=True)))
        for signs in product((-1, 1), repeat=len(values))
    ]
    share = sum(one >= abs(sum(values)) for one in sums) / len(sums)
    assert sign_flip(values) == pytest.approx(share)


@pytest.mark.parametrize("pairs", [5, 6, 10, 16])
def test_all_of_one_sign_is_the_least_that_there_can_be(pairs):
    found = paired_tests({"a": list(range(1, pairs + 1))})["a"]
    assert (found.p, found.pairs) == (2 / 2**pairs, pairs)
    assert found.least == found.p


def test_of_more_pairs_signs_are_drawn_and_the_same_ones_each_time():
    rng = np.random.default_rng(0)
    values = rng.normal(0.3, 1, 40).tolist()
    assert sign_flip(values) == sign_flip(values)
    # Of so many, Student's t says nearly the same.
    assert sign_flip(values) == pytest.approx(ttest_1samp(values, 0).pvalue, abs=0.01)


# Below 1, which every p is at most.
@given(P_VALUES, st.integers(1, 39).map(lambda one: one / 40))
def test_holm_rejects_what_its_steps_reject(values, level):
    rejected, left = set(), list(range(len(values)))
    while left:
        least = min(left, key=lambda row: values[row])
        if values[least] * len(left) > level * (1 + 1e-9):
            break
        rejected.add(least)
        left.remove(least)
    corrected = holm(values)
    assert {row for row, one in enumerate(corrected) if one <= level * (1 + 1e-9)} == rejected
    assert all(p <= one <= 1 for p, one in zip(values, corrected, strict=True))


def test_fewer_than_five_pairs_are_not_tested_and_do_not_count_for_holm():
    tests = paired_tests(
        {"few": [1.0] * 4, "gaps": [1.0, math.nan] * 4, "five": [1.0] * 5, "six": [1.0] * 6}
    )
    assert [*tests] == ["five", "six"]
    assert (tests["six"].p, tests["six"].holm) == (1 / 32, 2 / 32)
    assert (tests["five"].p, tests["five"].holm) == (1 / 16, 1 / 16)


def test_no_difference_at_all_is_no_result():
    assert paired_tests({"same": [0.0] * 6})["same"].p == 1.0
