from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from studies.reproduction.intervals import (
    Estimate,
    average,
    effect_size,
    improvement,
    mean,
    ratio,
    spread,
)


def test_the_interval_of_a_mean_is_students() -> None:
    # Sleep data of Student 1908, drug 2: its mean and interval are in every textbook.
    found = mean(np.array([1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]))
    assert found.value == pytest.approx(2.33)
    assert (found.low, found.high) == (pytest.approx(0.8976775), pytest.approx(3.7623225))
    assert found.trials == 10


def test_an_improvement_agrees_with_fieller_where_the_delta_method_is_good() -> None:
    rng = np.random.default_rng(3)
    krum = rng.normal(0.12, 0.02, 200)
    ours = 0.5 * krum + rng.normal(0, 0.01, 200)
    found = improvement(ours, krum)

    # Fieller: R for which the mean of ours - R krum is not rejected, by bisection.
    def rejected(r: float) -> bool:
        return bool(stats.ttest_1samp(ours - r * krum, 0).pvalue < 0.05)

    ends = []
    for side in (0.0, 1.0):
        near, far = ours.mean() / krum.mean(), side
        for _ in range(60):
            middle = (near + far) / 2
            near, far = (near, middle) if rejected(middle) else (middle, far)
        ends.append(100 * (1 - near))
    assert found.value == pytest.approx(100 * (1 - ours.sum() / krum.sum()))
    assert sorted(ends) == [
        pytest.approx(found.low, abs=0.02),
        pytest.approx(found.high, abs=0.02),
    ]


def test_a_ratio_takes_the_pairing_into_account() -> None:
    # Always exactly half: no doubt about the ratio, whatever the spread.
    krum = np.array([0.1, 0.4, 0.2, 0.9])
    found = ratio(krum / 2, krum)
    assert (found.low, found.value, found.high) == (0.5, 0.5, 0.5)


def test_an_improvement_on_no_error_is_undefined() -> None:
    found = improvement(np.array([0.1, 0.2]), np.zeros(2))
    assert math.isnan(found.value)
    assert not found.holds(0.0)


def test_effect_size_has_nearly_the_interval_of_the_noncentral_t() -> None:
    rng = np.random.default_rng(0)
    differences = rng.normal(1.0, 1.0, 100)
    found = effect_size(differences)
    t = differences.mean() / (differences.std(ddof=1) / 10)
    assert found.value == pytest.approx(t / 10)

    def noncentrality(share: float) -> float:
        low, high = 0.0, 40.0
        for _ in range(80):
            middle = (low + high) / 2
            above = stats.nct.cdf(t, 99, middle) > share
            low, high = (middle, high) if above else (low, middle)
        return low / 10

    assert found.low == pytest.approx(noncentrality(0.975), abs=0.02)
    assert found.high == pytest.approx(noncentrality(0.025), abs=0.02)


def test_effect_size_of_constant_differences_is_undefined() -> None:
    assert math.isnan(effect_size(np.full(5, 0.1)).value)
    assert math.isnan(effect_size(np.array([0.1])).value)


def test_an_average_adds_standard_errors_in_squares() -> None:
    rng = np.random.default_rng(1)
    one, other = rng.normal(3, 1, 30), rng.normal(5, 2, 30)
    found = average([mean(one), mean(other)])
    error = math.sqrt(one.var(ddof=1) / 30 + other.var(ddof=1) / 30) / 2
    assert found.value == pytest.approx((one.mean() + other.mean()) / 2)
    assert found.high - found.value == pytest.approx(2.0452296 * error)
    assert math.isnan(average([mean(one), mean(one[:1])]).low)


def test_one_trial_has_no_interval_and_none_has_no_value() -> None:
    one = mean(np.array([0.3]))
    assert (one.value, math.isnan(one.low), one.holds(0.3)) == (0.3, True, False)
    assert math.isnan(mean(np.empty(0)).value)


def test_rounding_is_no_spread() -> None:
    assert spread(np.array([0.1, 0.1 + 1e-17, 0.30000000000000004 - 0.2])) == 0
    assert spread(np.array([0.1, 0.2])) == pytest.approx(0.1 / math.sqrt(2))


def test_scaling_keeps_the_trials() -> None:
    assert Estimate(0.1, 0.05, 0.2, 7).times(100) == Estimate(10.0, 5.0, 20.0, 7)


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=30))
def test_a_mean_lies_inside_its_interval(values: list[float]) -> None:
    found = mean(np.array(values))
    assert found.holds(found.value)
    assert found.value == pytest.approx(math.fsum(values) / len(values), abs=1e-12)
