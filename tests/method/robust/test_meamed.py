"""The mean around the median against its definition and ByzFL's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from anml_fl.method.robust.meamed import meamed
from studies.benchmarks.byzfl_modules import byzfl_module


@pytest.mark.parametrize(("n", "f"), [(10, 0), (10, 3), (11, 5), (20, 4)])
def test_agrees_with_byzfl(n, f):
    values = np.random.default_rng(n).standard_normal((n, 50))
    theirs = byzfl_module("aggregators").Meamed(f)(values)
    np.testing.assert_allclose(meamed(values, f), theirs, atol=1e-6)


@given(
    arrays(np.float64, st.tuples(st.integers(1, 9), st.just(2)), elements=st.floats(-9, 9)),
    st.integers(0, 12),
    st.data(),
)
def test_averages_the_nearest_whatever_the_order(values, f, data):
    n = len(values)
    found = meamed(values, f)
    kept = max(1, n - f)
    for column, mean in zip(values.T, found, strict=True):
        middle = np.median(column)
        # Of two that are equally far either may be kept: the sum of distances is the same.
        near = sorted(column, key=lambda x: (abs(x - middle), x))[:kept]
        far = sorted(column, key=lambda x: (abs(x - middle), -x))[:kept]
        assert min(np.mean(near), np.mean(far)) - 1e-9 <= mean
        assert mean <= max(np.mean(near), np.mean(far)) + 1e-9
    order = data.draw(st.permutations(range(n)))
    np.testing.assert_array_equal(meamed(values[list(order)], f), found)
    shifted = meamed(np.ldexp(values, 3), f)
    np.testing.assert_allclose(shifted, 8 * found)


def test_is_the_mean_when_nobody_attacks():
    values = np.random.default_rng(0).standard_normal((6, 4))
    np.testing.assert_allclose(meamed(values, 0), values.mean(axis=0))


@pytest.mark.parametrize("far", [1e3, -1e30])
def test_less_than_half_cannot_carry_it_away(far):
    honest = np.random.default_rng(0).standard_normal((6, 3))
    found = meamed(np.vstack([honest, np.full((4, 3), far)]), 4)
    assert (found >= honest.min(axis=0)).all()
    assert (found <= honest.max(axis=0)).all()


def test_of_values_equally_far_the_lower_count():
    np.testing.assert_array_equal(meamed(np.array([[0.0], [1.0], [2.0]]), 1), [0.5])
