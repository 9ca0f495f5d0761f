"""Distances of rows that are asked for in blocks: against direct float64 differences."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from anml_fl.method import blockwise_distances
from anml_fl.method.blockwise_distances import squared_distances
from anml_fl.method.blockwise_krum import scores_of_distances
from anml_fl.method.krum import krum_scores, neighbours
from anml_fl.method.row_blocks import Stacked, parts


def spread(seed, n, d):
    return np.random.default_rng(seed).normal(size=(n, d))


def scores(vectors, k=None):
    return scores_of_distances(squared_distances(Stacked(vectors)), n_neighbours=k)


# Few rows are multiplied another way than many.
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("ratio", [0, 1, 1e2, 1e4])
@pytest.mark.parametrize(
    ("n", "d"), [(10, 1), (9, 30_000), (32, 6256), (33, 6300), (60, 7000)]
)
def test_scores_of_vectors_that_share_an_offset(n, d, ratio, dtype, direct_scores):
    vectors = (spread(n, n, d) + ratio * spread(1, 1, d)).astype(dtype)
    truth = direct_scores(vectors, neighbours(n))
    np.testing.assert_allclose(scores(vectors, neighbours(n)), truth, rtol=1.5e-6)


def one_scaled(vectors):
    vectors[3] *= 1e4
    return vectors


def third_scaled_alike(vectors):
    vectors[::3] = vectors[0] * 1e4
    return vectors


def far_tight_clusters(vectors):
    vectors *= 1e-3
    vectors[::2] += 1e3
    return vectors


def clones(vectors):
    vectors[5:15] = vectors[4]
    return vectors


def nested_clusters(vectors):
    return vectors[:1] + vectors * 10.0 ** -np.arange(len(vectors))[:, None].clip(0, 6)


def largest_floats(vectors):
    return np.finfo(np.float32).max * np.sign(vectors)


def tiny(vectors):
    return vectors * 1e-30


def all_zero(vectors):
    return vectors * 0.0


@pytest.mark.parametrize("n", [24, 40])
@pytest.mark.parametrize(
    "shape_of_round",
    [
        one_scaled,
        third_scaled_alike,
        far_tight_clusters,
        clones,
        nested_clusters,
        largest_floats,
        tiny,
        all_zero,
    ],
)
@pytest.mark.parametrize("k", [1, 13])
def test_scores_of_rounds_that_cancel(k, shape_of_round, n, direct_scores, assert_same_scores):
    vectors = shape_of_round(spread(3, n, 6500)).astype(np.float32)
    assert_same_scores(scores(vectors, k), direct_scores(vectors, k))


def test_a_crowded_plane_runs_out_of_centres(direct_scores, assert_same_scores):
    vectors = (spread(9, 150, 2) @ spread(10, 2, 400)).astype(np.float32)
    assert_same_scores(scores(vectors, 1), direct_scores(vectors, 1))


@settings(max_examples=200)
@given(
    arrays(
        np.float32,
        st.tuples(st.integers(1, 8), st.integers(0, 4)),
        elements=st.floats(width=32, allow_nan=False, allow_infinity=False),
    )
)
def test_any_finite_matrix_is_scored_exactly(direct_scores, assert_same_scores, vectors):
    k = neighbours(len(vectors))
    assert_same_scores(scores(vectors, k), direct_scores(vectors, k))


@pytest.mark.parametrize("n", [20, 100])
def test_distances_are_symmetric_and_nobody_is_far_from_itself(n):
    found = squared_distances(Stacked(spread(2, n, 7000).astype(np.float32)))
    np.testing.assert_array_equal(found, found.T)
    assert not found.diagonal().any()


def test_stripes_of_a_large_gram_matrix_change_no_bit(monkeypatch):
    vectors = Stacked((spread(4, 40, 700) + 30).astype(np.float32))
    whole = squared_distances(vectors)
    monkeypatch.setattr(blockwise_distances, "_AT_ONCE", 3 * 40)
    assert squared_distances(vectors).tobytes() == whole.tobytes()


@pytest.mark.parametrize("n", [5, 100])
def test_scores_are_those_of_one_matrix(n):
    vectors = spread(6, n, 9000).astype(np.float32)
    np.testing.assert_allclose(scores(vectors), krum_scores(vectors), rtol=1e-6)


@given(st.integers(1, 2000), st.integers(0, 10**6))
def test_parts_are_every_column_once_and_no_larger_than_a_cache(rows, length):
    found = parts(rows, length)
    edges = [0, *(part.stop for part in found)]
    assert [part.start for part in found] == edges[:-1]
    assert edges[-1] == length
    assert all(0 < part.stop - part.start <= max(6256, 2**18 // rows) for part in found)


def test_what_blocks_are_asked_for_stays_as_it_is():
    vectors = (spread(7, 8, 50) + 100).astype(np.float32)
    before = vectors.copy()
    squared_distances(Stacked(vectors))
    np.testing.assert_array_equal(vectors, before)


def test_scores_leave_the_distances_and_one_alone_has_none():
    distances = np.array([[0.0, 4.0, 1.0], [4.0, 0.0, 9.0], [1.0, 9.0, 0.0]])
    before = distances.copy()
    assert scores_of_distances(distances, n_neighbours=1).tolist() == [1.0, 4.0, 1.0]
    np.testing.assert_array_equal(distances, before)
    assert scores_of_distances(np.zeros((1, 1))).tolist() == [0.0]
