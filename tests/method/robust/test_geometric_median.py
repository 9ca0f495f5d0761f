"""The geometric median against closed forms, SciPy's minimiser and ByzFL's Weiszfeld."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import minimize

from anml_fl.method.robust.geometric_median import geometric_median
from studies.benchmarks.byzfl_modules import byzfl_module

EXACT = {"steps": 2000, "tolerance": 1e-12}


def median_of(vectors, weights=None, **how):
    return geometric_median(vectors, weights, **how) @ vectors.astype(np.float64)


def test_on_a_line_it_is_the_weighted_median():
    vectors = np.array([[0.0], [1.0], [10.0], [11.0]])
    found = median_of(vectors, np.array([1.0, 5.0, 2.0, 1.0]), **EXACT)
    np.testing.assert_allclose(found, [1.0], atol=1e-4)


def test_of_a_regular_polygon_it_is_the_centre():
    turns = np.arange(5) * 2 * np.pi / 5
    vectors = 3.0 + np.column_stack([np.cos(turns), np.sin(turns)])
    np.testing.assert_allclose(median_of(vectors), [3.0, 3.0], atol=1e-6)


def test_of_a_triangle_with_a_wide_angle_it_is_that_corner():
    """Fermat's point: a corner of 120 degrees or more draws it in."""
    vectors = np.array([[-3.0, 0.0], [0.0, 0.5], [3.0, 0.0]])
    np.testing.assert_allclose(median_of(vectors, **EXACT), [0.0, 0.5], atol=1e-3)


@pytest.mark.parametrize("seed", range(5))
def test_no_other_point_has_a_smaller_weighted_sum_of_distances(seed):
    rng = np.random.default_rng(seed)
    vectors, weights = rng.standard_normal((7, 3)), rng.uniform(0.2, 3.0, 7)

    def total(point):
        return float(weights @ np.linalg.norm(vectors - point, axis=1))

    best = minimize(
        total, vectors.mean(axis=0), method="Nelder-Mead", options={"fatol": 1e-13}
    )
    assert total(median_of(vectors, weights, **EXACT)) <= best.fun + 1e-9
    assert total(median_of(vectors, weights)) <= best.fun * (1 + 1e-6)


@pytest.mark.parametrize(("n", "d"), [(5, 2), (12, 40), (30, 7)])
def test_agrees_with_byzfl(n, d):
    vectors = np.random.default_rng(n).standard_normal((n, d))
    vectors[: n // 4] += 20.0
    theirs = byzfl_module("aggregators").GeometricMedian(nu=1e-9, T=5000)(vectors)
    np.testing.assert_allclose(median_of(vectors, **EXACT), theirs, atol=1e-6)


@pytest.mark.parametrize("far", [1e3, 1e8, 1e30])
@pytest.mark.parametrize("f", [1, 4])
def test_less_than_half_cannot_carry_it_away(far, f):
    """Theory's bound: 2 (n - f) / (n - 2 f) times the farthest honest one from their mean."""
    rng = np.random.default_rng(0)
    honest = rng.standard_normal((10 - f, 6))
    vectors = np.vstack([np.full((f, 6), far), honest]).astype(np.float32)
    centre = honest.mean(axis=0)
    most = np.linalg.norm(honest - centre, axis=1).max()
    away = np.linalg.norm(median_of(vectors) - centre)
    assert away <= 2 * (10 - f) / (10 - 2 * f) * most
    exact = np.linalg.norm(median_of(vectors, **EXACT) - median_of(vectors))
    assert exact <= 1e-4 * most  # it has come to its end, however far they are


def test_more_than_half_of_the_weight_in_a_point_is_the_median():
    vectors = np.array([[1.0, 1.0], [1.0, 1.0], [1.0, 1.0], [5.0, 9.0], [0.0, 7.0]])
    np.testing.assert_allclose(median_of(vectors, **EXACT), [1.0, 1.0], atol=1e-6)
    shares = geometric_median(np.ones((3, 2)), np.array([1.0, 2.0, 1.0]))
    np.testing.assert_allclose(shares, [0.25, 0.5, 0.25])


def test_distances_below_the_smallest_normal_number_are_no_trouble():
    least = 5e-324
    vectors = least * np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    assert np.isfinite(geometric_median(vectors)).all()


@settings(max_examples=30, deadline=None)
@given(
    arrays(np.float64, (6, 3), elements=st.floats(-100, 100)),
    st.permutations(range(6)),
    arrays(np.float64, 3, elements=st.floats(-100, 100)),
    st.sampled_from([1e-20, 0.5, 1e20]),
)
def test_follows_order_place_and_unit(vectors, order, shift, scale):
    found = median_of(vectors, **EXACT)
    # Where the points lie on a line, more than one may be a median: all are as good.
    assert _total(vectors, found) <= _total(vectors, vectors.mean(axis=0)) + 1e-6
    for other, back in (
        (vectors[list(order)], lambda point: point),
        (vectors + shift, lambda point: point - shift),
        (vectors * scale, lambda point: point / scale),
    ):
        again = back(median_of(other, **EXACT))
        assert abs(_total(vectors, again) - _total(vectors, found)) <= 1e-3


def _total(vectors, point):
    return float(np.linalg.norm(vectors - point, axis=1).sum())
