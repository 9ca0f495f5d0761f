"""Selection: exact counts, ties by order, draws in proportion."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from anml_fl.method.selection import sample_proportional, select_top

finite = st.floats(0, allow_nan=False, allow_infinity=False)


@settings(max_examples=300)
@given(
    st.lists(st.one_of(finite, st.sampled_from([0.0, 0.5])), min_size=1, max_size=30),
    st.data(),
)
def test_the_heaviest_are_kept_and_ties_go_to_the_lower_index(weights, data):
    percent = data.draw(st.integers(1, 100))
    mask = select_top(weights, percent / 100)
    exact = Decimal(percent / 100 * len(weights))
    count = max(1, int(exact.quantize(Decimal(1), rounding=ROUND_HALF_EVEN)))
    order = sorted(range(len(weights)), key=lambda i: (-weights[i], i))
    assert mask.dtype == bool
    assert np.flatnonzero(mask).tolist() == sorted(order[:count])


@pytest.mark.parametrize(
    ("n", "fraction", "kept"),
    [
        (1, 0.7, 1),
        (2, 0.01, 1),
        (5, 0.5, 2),
        (7, 0.5, 4),
        (10, 0.7, 7),
        (3, 1.0, 3),
        (5, 0.7, 4),
    ],
)
def test_count_is_pythons_round(n, fraction, kept):
    assert select_top(np.ones(n), fraction).tolist() == [True] * kept + [False] * (n - kept)


def test_default_fraction_is_0_7():
    assert select_top(np.arange(10.0)).sum() == 7


@pytest.mark.parametrize("fraction", [0.0, -0.1, 1.1, np.nan])
def test_a_fraction_out_of_range_is_refused(fraction):
    with pytest.raises(ValueError, match=rf"fraction must lie in .0, 1., got .*{fraction}"):
        select_top([0.5, 0.5], fraction)


@pytest.mark.parametrize(
    "select", [select_top, lambda w: sample_proportional(w, 1, np.random.default_rng(0))]
)
@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([0.5, -0.1, np.nan], r"weights\[1\] = -0.1"),
        ([0.5, np.nan], r"weights\[1\] = nan"),
        ([np.inf, 0.5], r"weights\[0\] = inf"),
        ([], r"shape \(0,\)"),
        (0.5, r"shape \(\)"),
        ([[0.5]], r"shape \(1, 1\)"),
    ],
)
def test_weights_that_are_none_are_refused(select, weights, message):
    with pytest.raises(ValueError, match=message):
        select(weights)


def test_weights_are_not_modified():
    weights = np.array([0.1, 0.9, 0.4])
    select_top(weights)
    sample_proportional(weights, 5, np.random.default_rng(0))
    assert weights.tolist() == [0.1, 0.9, 0.4]


@pytest.mark.parametrize("unit", [1.0, 1e308, 1e-320])
def test_draws_are_in_proportion_in_any_unit(unit):
    shares = np.array([0.0, 0.1, 0.2, 0.7, 1.0])
    drawn = sample_proportional(shares * unit, 20_000, np.random.default_rng(0))
    counts = np.bincount(drawn, minlength=5)
    assert counts[0] == 0
    assert drawn.shape == (20_000,)
    expected = 20_000 * shares[1:] / shares.sum()
    assert chisquare(counts[1:], expected).pvalue > 1e-4


def test_the_same_seed_draws_the_same():
    first, second = (
        sample_proportional([1, 2, 3], 50, np.random.default_rng(7)) for _ in "ab"
    )
    np.testing.assert_array_equal(first, second)
    assert sample_proportional([1.0], 0, np.random.default_rng(0)).shape == (0,)


def test_nothing_can_be_drawn_from_nothing():
    with pytest.raises(ValueError, match="must not all be zero"):
        sample_proportional([0.0, 0.0], 1, np.random.default_rng(0))


@settings(max_examples=300)
@given(st.lists(finite, min_size=1, max_size=20).filter(any), st.integers(0, 9))
def test_only_what_has_weight_is_drawn(weights, size):
    drawn = sample_proportional(weights, size, np.random.default_rng(0))
    assert all(weights[i] > 0 for i in drawn)
