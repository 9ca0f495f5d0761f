"""Distances from weighted means by inner products, against rows' own differences."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import cdist

from anml_fl.method.robust.places import middle, seen_from_midst


def equal(n):
    return np.full(n, 1 / n)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("offset", [0.0, 1.0, 1e6])
@pytest.mark.parametrize(("n", "d"), [(1, 3), (4, 1), (20, 700), (60, 6000)])
def test_distances_are_those_of_the_rows_themselves(n, d, offset, dtype):
    rng = np.random.default_rng(n)
    vectors = (rng.standard_normal((n, d)) + offset).astype(dtype)
    shares = rng.dirichlet(np.ones(n))
    wide = vectors.astype(np.longdouble)
    truth = np.sqrt(((wide - shares.astype(np.longdouble) @ wide) ** 2).sum(axis=1))
    found = seen_from_midst(vectors, equal(n)).distances(shares)
    np.testing.assert_allclose(found, truth.astype(float), rtol=1e-7, atol=1e-9)


def test_how_far_a_mean_moves():
    rng = np.random.default_rng(0)
    vectors, before, after = rng.normal(size=(9, 30)), *rng.dirichlet(np.ones(9), 2)
    moved = seen_from_midst(vectors, equal(9)).length(after - before)
    np.testing.assert_allclose(moved, np.linalg.norm((after - before) @ vectors), rtol=1e-12)


def test_a_minority_in_shells_around_each_other_takes_no_digits_from_the_others():
    honest = np.random.default_rng(1).normal(size=(7, 40))
    far = np.outer([1e38, 1e31, 1e23, 1e15, 1e8, 1e4], np.ones(40))
    vectors = np.vstack([far, honest]).astype(np.float32)
    shares = np.concatenate([np.zeros(6), equal(7)])
    found = seen_from_midst(vectors, equal(13)).distances(shares)[6:]
    own = vectors[6:].astype(np.float64)
    np.testing.assert_allclose(found, cdist(own, own.mean(axis=0)[None])[:, 0], rtol=1e-6)


def test_the_midst_is_where_the_weight_lies():
    vectors = np.array([[1e30], [-1e30], [3e30], [7.0], [8.0]])
    weights = np.array([1.0, 1.0, 1.0, 2.0, 2.0]) / 7
    assert seen_from_midst(vectors, weights).centre in {3, 4}


@pytest.mark.parametrize("largest", [np.finfo(np.float32).max, np.float32(1e-45)])
def test_the_largest_and_the_smallest_floats(largest):
    signs = np.random.default_rng(2).choice([-1.0, 1.0], (12, 50))
    vectors = (largest * signs).astype(np.float32)
    found = seen_from_midst(vectors, equal(12)).distances(equal(12))
    unit = float(largest)
    truth = unit * np.linalg.norm(signs - signs.mean(axis=0), axis=1)
    np.testing.assert_allclose(found / unit, truth / unit, rtol=1e-7)


@given(
    arrays(np.float64, (5, 1), elements=st.floats(-1e150, 1e150, allow_subnormal=False)),
    st.sampled_from([(0.25,) * 4 + (0,), (0.5, 0.5, 0, 0, 0), (0, 0, 0, 0, 1)]),
)
def test_in_float64_they_are_exact_to_what_a_row_is_from_the_midst(vectors, shares):
    places = seen_from_midst(vectors, equal(5))
    found = places.distances(np.array(shares))
    rows = [Fraction(value) for value in vectors[:, 0].tolist()]
    mean = sum(Fraction(share) * row for share, row in zip(shares, rows, strict=True))
    away = [abs(row - rows[places.centre]) for row in rows]
    counted = max(one for one, share in zip(away, shares, strict=True) if share)
    for distance, row, own in zip(found.tolist(), rows, away, strict=True):
        error = abs(Fraction(distance) - abs(row - mean))
        assert error <= Fraction(1, 10**7) * max(own, counted)


def test_the_middle_distance_counts_weight():
    distances = np.array([[5.0, 1.0, 9.0], [1.0, 2.0, 3.0]])
    assert middle(distances, np.array([0.1, 0.3, 0.6])).tolist() == [9.0, 3.0]
    assert middle(distances, equal(3)).tolist() == [5.0, 2.0]
