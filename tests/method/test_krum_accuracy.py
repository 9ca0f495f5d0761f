"""Krum scores keep their digits: against direct float64 differences."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import spearmanr
from sklearn.datasets import load_digits
from sklearn.preprocessing import StandardScaler

from anml_fl.method.krum import consistency, krum_scores, neighbours, squared_distances


def spread(seed, n, d):
    return np.random.default_rng(seed).normal(size=(n, d))


@pytest.mark.parametrize("container", ["numpy", "torch"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("ratio", [0, 1, 10, 1e2, 1e3, 1e4])
@pytest.mark.parametrize(("n", "d"), [(10, 1), (9, 6256), (25, 300), (60, 7000), (7, 20000)])
def test_scores_of_vectors_that_share_an_offset(
    n, d, ratio, dtype, container, direct_scores, assert_same_scores
):
    offset = spread(1, 1, d)
    vectors = (spread(n, n, d) + ratio * offset).astype(dtype)
    given = torch.from_numpy(vectors) if container == "torch" else vectors
    assert_same_scores(krum_scores(given), direct_scores(vectors, neighbours(n)))


@pytest.mark.parametrize("ratio", [0, 1, 4, 30, 100])
@pytest.mark.parametrize("kind", ["torch.float16", "torch.bfloat16", "numpy.float16"])
def test_scores_of_half_precision_vectors(kind, ratio, direct_scores, assert_same_scores):
    vectors = spread(2, 20, 700) + ratio
    if kind == "numpy.float16":
        halves = vectors.astype(np.float16)
        exact = halves.astype(np.float64)
    else:
        dtype = torch.float16 if kind == "torch.float16" else torch.bfloat16
        halves = torch.from_numpy(vectors).to(dtype)
        exact = halves.double().numpy()
    assert_same_scores(krum_scores(halves), direct_scores(exact, neighbours(20)))


def one_scaled(vectors):
    vectors[3] *= 1e4
    return vectors


def third_scaled_alike(vectors):
    vectors[::3] = vectors[0] * 1e4
    return vectors


def two_tight_clusters(vectors):
    vectors *= 1e-3
    vectors[::2] += 1.0
    return vectors


def two_far_tight_clusters(vectors):
    vectors[::2] += 1e4
    return vectors


def cluster_inside_a_cloud(vectors):
    vectors[:9] = vectors[0] + 1e-4 * vectors[:9]
    return vectors


def clones(vectors):
    vectors[5:15] = vectors[4]
    return vectors


def nothing_but_clones(vectors):
    return np.broadcast_to(vectors[0], vectors.shape)


def some_zero(vectors):
    vectors[::4] = 0.0
    return vectors


def all_zero(vectors):
    return vectors * 0.0


def geometric_lengths(vectors):
    return vectors[:1] * 0.9 ** np.arange(len(vectors))[:, None]


def nested_clusters(vectors):
    # Each is ten times nearer to the last than the one before: regrouped at every depth.
    return vectors[:1] + vectors * 10.0 ** -np.arange(len(vectors))[:, None].clip(0, 6)


@pytest.mark.parametrize("offset", [0.0, 1e3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "shape_of_round",
    [
        one_scaled,
        third_scaled_alike,
        two_tight_clusters,
        two_far_tight_clusters,
        cluster_inside_a_cloud,
        clones,
        nothing_but_clones,
        some_zero,
        all_zero,
        geometric_lengths,
        nested_clusters,
    ],
)
@pytest.mark.parametrize("k", [1, 13])
def test_scores_of_rounds_that_cancel(
    k, shape_of_round, dtype, offset, direct_scores, assert_same_scores
):
    vectors = (shape_of_round(spread(3, 24, 6500)) + offset).astype(dtype)
    scores = krum_scores(vectors, n_neighbours=k)
    assert_same_scores(scores, direct_scores(vectors, k))


@pytest.mark.parametrize("k", [1, 199])
def test_scores_of_a_crowded_plane_where_every_centre_leaves_pairs(
    k, direct_scores, assert_same_scores
):
    # Two directions hold 200 rows: regrouping runs out, and pairs are measured one by one.
    vectors = (spread(9, 200, 2) @ spread(10, 2, 400)).astype(np.float32)
    assert_same_scores(krum_scores(vectors, n_neighbours=k), direct_scores(vectors, k))


@pytest.mark.parametrize("flipped", [0.0, 0.03, 0.5])
def test_scores_of_sign_updates_are_a_little_less_exact(flipped, direct_scores):
    # Equal addends round the same way, so that float32 sums drift instead of wander.
    rng = np.random.default_rng(4)
    signs = np.where(rng.random((12, 6256)) < flipped, -1.0, 1.0)
    vectors = (signs * rng.uniform(0.5, 3, (12, 1))).astype(np.float32)
    np.testing.assert_allclose(
        krum_scores(vectors), direct_scores(vectors, neighbours(12)), rtol=5e-5
    )


@pytest.mark.parametrize(
    ("unit", "dtype"),
    [
        (1e38, np.float32),
        (1e-30, np.float32),
        (1e-40, np.float32),
        (1e140, np.float64),
        (1e-140, np.float64),
    ],
)
def test_scores_in_any_unit(unit, dtype, direct_scores, assert_same_scores):
    vectors = (np.clip(spread(5, 12, 300), -3, 3) * unit).astype(dtype)
    assert_same_scores(krum_scores(vectors), direct_scores(vectors, neighbours(12)))


def test_scores_at_the_ends_of_float32(direct_scores, assert_same_scores):
    largest = np.finfo(np.float32).max
    vectors = largest * np.sign(spread(6, 10, 50)).astype(np.float32)
    assert_same_scores(krum_scores(vectors), direct_scores(vectors, neighbours(10)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_scores_of_rows_on_scales_1e36_apart(dtype, direct_scores, assert_same_scores):
    scales = np.repeat(10.0 ** np.array([-18, -6, 6, 18]), 4)
    vectors = (spread(7, 16, 40) * scales[:, None]).astype(dtype)
    for k in (1, 2, 5, 9, 15):
        scores = krum_scores(vectors, n_neighbours=k)
        assert_same_scores(scores, direct_scores(vectors, k))


def test_one_row_of_1e200_leaves_the_scores_of_the_others_exact():
    scores = krum_scores(np.array([[1.0], [2.0], [4.0], [1e200]]), n_neighbours=1)
    np.testing.assert_allclose(scores[:3], [1, 1, 4], rtol=1e-5)
    assert scores[3] > 1e300


@pytest.mark.parametrize("largest", [1.7e308, 1e200, 1e-200, 1e-320])
@pytest.mark.parametrize("shared", [False, True])
def test_ends_of_float64_saturate_or_vanish_in_silence(largest, shared):
    rows = largest * np.array([[-1.0], [1.0], [0.5], [0.5]])
    scores = krum_scores(np.abs(rows) if shared else rows, n_neighbours=3)
    if largest > 1:
        assert (scores > 1e300).all()
        assert np.isfinite(scores).all()
    else:
        assert scores.tolist() == [0.0] * 4


def test_all_pairs_are_measured_not_only_the_nearest(direct_scores):
    vectors = spread(8, 15, 6400) + 50.0
    expected = ((vectors[:, None] - vectors) ** 2).sum(axis=2)
    measured = squared_distances(vectors.astype(np.float32))
    np.testing.assert_allclose(measured, expected, rtol=1e-4)
    np.testing.assert_array_equal(measured, measured.T)
    assert (measured.diagonal() == 0).all()


matrices = st.tuples(st.integers(1, 8), st.integers(0, 4))
finite32 = st.floats(width=32, allow_nan=False, allow_infinity=False)
finite64 = st.floats(allow_nan=False, allow_infinity=False)


@settings(max_examples=400)
@given(arrays(np.float32, matrices, elements=finite32))
def test_any_finite_float32_matrix_is_scored_exactly(
    direct_scores, assert_same_scores, vectors
):
    k = neighbours(len(vectors))
    assert_same_scores(krum_scores(vectors), direct_scores(vectors, k))


@settings(max_examples=400)
@given(arrays(np.float64, matrices, elements=finite64))
def test_any_finite_float64_matrix_has_finite_scores_and_a_consistency(vectors):
    # Squares of the largest floats overflow and those of the smallest vanish: the scores
    # may saturate, but a round must never fail over them.
    scores = krum_scores(vectors)
    assert (scores >= 0).all()
    assert np.isfinite(scores).all()
    quality = consistency(scores)
    assert ((quality >= 0) & (quality <= 1)).all()


@pytest.mark.parametrize("spread", [1e-308, 1e-200, 1e-20])
def test_a_spread_far_below_the_offset_is_no_overflow(spread):
    # The offset, scaled as the spread must be, has no place in a float.
    scores = krum_scores(np.array([[spread, 1.6e7], [0.0, 1.6e7]] * 3), n_neighbours=5)
    np.testing.assert_allclose(scores, 3 * spread**2, rtol=1e-5)


@settings(max_examples=200)
@given(
    arrays(np.float64, matrices, elements=st.floats(-1e100, 1e100)),
    st.integers(0, 9),
)
def test_moderate_float64_matrices_are_scored_exactly(direct_scores, vectors, k):
    scores = krum_scores(vectors, n_neighbours=k)
    truth = direct_scores(vectors, max(1, min(k, len(vectors) - 1)))
    normal = truth > 1e-290
    np.testing.assert_allclose(scores[normal], truth[normal], rtol=1e-5)
    assert (scores[~normal] <= 1e-289).all()


def digits_round(learning_rate):
    """One SGD step of 100 clients from a common model: whole models, and their updates."""
    features, labels = load_digits(return_X_y=True)
    x = torch.tensor(StandardScaler().fit_transform(features), dtype=torch.float32)
    y = torch.tensor(labels)
    generator = torch.Generator().manual_seed(0)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = torch.nn.Sequential(
            torch.nn.Linear(64, 64),
            torch.nn.ReLU(),
            torch.nn.Linear(64, 32),
            torch.nn.ReLU(),
            torch.nn.Linear(32, 10),
        )
    common = torch.nn.utils.parameters_to_vector(model.parameters()).detach()
    models = []
    for mine in torch.randperm(len(y), generator=generator).tensor_split(100):
        loss = torch.nn.functional.cross_entropy(model(x[mine]), y[mine])
        gradients = torch.autograd.grad(loss, list(model.parameters()))
        step = torch.cat([gradient.ravel() for gradient in gradients])
        models.append(common - learning_rate * step)
    whole = torch.stack(models)
    return whole.numpy(), (whole - common).numpy()


@pytest.mark.parametrize("learning_rate", [0.01, 0.001])
def test_digits_round_after_one_step(learning_rate, direct_scores, assert_same_scores):
    for vectors in digits_round(learning_rate):
        assert vectors.dtype == np.float32
        truth = direct_scores(vectors, neighbours(100))
        assert_same_scores(krum_scores(vectors), truth)
        assert_same_scores(krum_scores(torch.from_numpy(vectors)), truth)


def test_digits_round_is_one_where_the_float32_expansion_is_noise(direct_scores):
    whole, _ = digits_round(0.001)
    squares = np.square(whole).sum(axis=1)
    naive = squares[:, None] + squares[None, :] - 2 * whole @ whole.T
    np.fill_diagonal(naive, np.inf)
    k = neighbours(100)
    rank = spearmanr(np.sort(naive, axis=1)[:, :k].sum(axis=1), direct_scores(whole, k))
    assert abs(rank.statistic) < 0.5
