"""What mixes updates with each other: NNM and buckets."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from anml_fl.method.distances import squared_distances
from anml_fl.method.robust.bucketing import bucket_means, bucketing
from anml_fl.method.robust.nnm import nnm
from studies.benchmarks.byzfl_modules import byzfl_module


@pytest.mark.parametrize(("n", "f"), [(10, 0), (10, 3), (7, 2), (20, 9)])
def test_nnm_agrees_with_byzfl(n, f):
    vectors = np.random.default_rng(n + f).standard_normal((n, 25))
    ours = nnm(squared_distances(vectors), f) @ vectors
    np.testing.assert_allclose(ours, byzfl_module("aggregators").NNM(f)(vectors), atol=1e-6)


@given(st.integers(1, 9), st.integers(0, 12), st.integers(0, 99))
def test_nnm_averages_the_nearest_and_itself(n, f, seed):
    vectors = np.random.default_rng(seed).standard_normal((n, 3))
    distances = cdist(vectors, vectors)
    mixing = nnm(distances, f)
    kept = max(1, n - f)
    for row in range(n):
        near = set(sorted(range(n), key=lambda i: distances[row, i])[:kept])
        assert set(np.flatnonzero(mixing[row])) == near
        np.testing.assert_allclose(mixing[row].sum(), 1.0)
    if f == 0:
        np.testing.assert_allclose(mixing @ vectors, np.tile(vectors.mean(axis=0), (n, 1)))


def test_nnm_counts_an_update_itself_before_its_copies_and_leaves_distances_as_they_are():
    distances = np.zeros((4, 4))
    distances.setflags(write=False)
    np.testing.assert_array_equal(nnm(distances, 3), np.eye(4))


@pytest.mark.parametrize("f", [1, 2, 3])
def test_nnm_bounds_what_attackers_do_to_an_honest_mean(f):
    """Of the n - f neighbours of an honest update, at most f are hostile, and no farther."""
    rng = np.random.default_rng(f)
    honest = rng.standard_normal((10 - f, 5))
    vectors = np.vstack([rng.standard_normal((f, 5)) * 50, honest])
    made = nnm(squared_distances(vectors), f) @ vectors
    farthest = cdist(honest, honest).max()
    assert np.linalg.norm(made[f:] - honest, axis=1).max() <= farthest


@given(st.integers(1, 30), st.integers(1, 9), st.integers(0, 9))
def test_buckets_hold_everybody_once(n, size, seed):
    groups = bucketing(n, size, np.random.default_rng(seed))
    counts = np.bincount(groups)
    assert counts.sum() == n
    assert counts.size == -(-n // size)
    assert (counts[:-1] == size).all()
    mixing = bucket_means(groups)
    np.testing.assert_allclose(mixing.sum(axis=1), 1.0)
    for bucket, row in enumerate(mixing):
        np.testing.assert_array_equal(np.flatnonzero(row), np.flatnonzero(groups == bucket))
        np.testing.assert_allclose(row[row > 0], 1 / counts[bucket])


def test_buckets_of_one_are_the_updates_in_another_order():
    mixing = bucket_means(bucketing(6, 1, np.random.default_rng(0)))
    np.testing.assert_array_equal(mixing.sum(axis=0), np.ones(6))
    np.testing.assert_array_equal(np.unique(mixing), [0.0, 1.0])


@pytest.mark.parametrize(("n", "size"), [(10, 2), (11, 2), (9, 4)])
def test_buckets_agree_with_byzfl_where_both_have_the_same_order(n, size):
    vectors = np.random.default_rng(n).standard_normal((n, 4))
    np.random.seed(3)  # noqa: NPY002 - ByzFL draws from NumPy's global generator
    theirs = byzfl_module("aggregators").Bucketing(size)(vectors)

    class Drawn:
        def permutation(self, count):
            np.random.seed(3)  # noqa: NPY002
            return np.random.permutation(count)  # noqa: NPY002

    ours = bucket_means(bucketing(n, size, Drawn())) @ vectors
    np.testing.assert_allclose(ours, theirs, atol=1e-6)
