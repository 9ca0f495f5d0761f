"""Krum scores: counts of neighbours, kinds of input, errors, memory; consistency."""

from __future__ import annotations

import tracemalloc
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from anml_fl.method.krum import consistency, default_byzantine, krum_scores, neighbours

LINE = np.array([[0.0], [1.0], [3.0], [7.0], [15.0], [31.0], [63.0]])


def scores_on_a_line(k):
    expected = []
    for i, (here,) in enumerate(LINE):
        squares = sorted((here - there) ** 2 for j, (there,) in enumerate(LINE) if j != i)
        expected.append(sum(squares[:k]))
    return expected


@pytest.mark.parametrize(
    ("n", "f"),
    # floor((n - 3) / 2) up to 9; from there round(0.3 n), halves to even.
    [
        (1, 0),
        (2, 0),
        (3, 0),
        (4, 0),
        (5, 1),
        (7, 2),
        (9, 3),
        (10, 3),
        (15, 4),
        (25, 8),
        (100, 30),
    ],
)
def test_default_number_of_attackers(n, f):
    assert default_byzantine(n) == f
    assert neighbours(n) == max(1, min(n - f - 2, n - 1))


@pytest.mark.parametrize(
    ("f", "k"), [(0, 5), (1, 4), (2, 3), (3, 2), (4, 1), (5, 1), (6, 1), (99, 1), (None, 3)]
)
def test_neighbours_are_n_minus_f_minus_2(f, k):
    assert neighbours(7, n_byzantine=f) == k
    np.testing.assert_allclose(krum_scores(LINE, n_byzantine=f), scores_on_a_line(k))


@pytest.mark.parametrize(("asked", "k"), [(0, 1), (1, 1), (3, 3), (6, 6), (7, 6), (99, 6)])
def test_given_neighbours_override_and_are_clipped(asked, k):
    assert neighbours(7, n_byzantine=4, n_neighbours=asked) == k
    scores = krum_scores(LINE, n_byzantine=4, n_neighbours=asked)
    np.testing.assert_allclose(scores, scores_on_a_line(k))


@pytest.mark.parametrize("name", ["n_byzantine", "n_neighbours"])
def test_a_negative_count_is_named(name):
    with pytest.raises(ValueError, match=rf"{name} must be >= 0 and whole, got -1"):
        krum_scores(LINE, **{name: -1})


def test_one_row_has_nothing_to_be_far_from():
    assert krum_scores([[5.0, 6.0]]).tolist() == [0.0]


def test_two_rows_are_as_far_from_each_other():
    assert krum_scores([[1.0, 2.0], [4.0, 6.0]]).tolist() == [25.0, 25.0]


def test_rows_without_columns_are_all_the_same():
    assert krum_scores(np.empty((5, 0), dtype=np.float32)).tolist() == [0.0] * 5
    assert krum_scores(torch.empty((5, 0))).tolist() == [0.0] * 5


def test_plain_lists_integers_and_booleans_are_numbers():
    expected = krum_scores(LINE).tolist()
    assert krum_scores(LINE.tolist()).tolist() == expected
    assert krum_scores(LINE.astype(np.int8)).tolist() == expected
    assert krum_scores(torch.from_numpy(LINE).to(torch.int64)).tolist() == expected
    assert krum_scores(np.array([[True], [False], [True]])).tolist() == [0.0, 1.0, 0.0]


@pytest.mark.parametrize("dtype", [torch.int32, torch.int64])
def test_differences_of_integer_tensors_do_not_wrap(dtype):
    largest = torch.iinfo(dtype).max
    rows = torch.tensor([[largest], [largest], [largest], [largest - 9], [-largest]])
    scores = krum_scores(rows.to(dtype), n_neighbours=4)
    far = (2.0 * largest) ** 2
    np.testing.assert_allclose(scores, [far, far, far, far, 4 * far], rtol=1e-5)


LAYOUTS = {
    "Fortran order": np.asfortranarray,
    "every other row": lambda x: np.repeat(x, 2, axis=0)[::2],
    "every other column": lambda x: np.repeat(x, 2, axis=1)[:, ::2],
    "rows reversed in memory": lambda x: x[::-1].copy()[::-1],
    "columns reversed in memory": lambda x: x[:, ::-1].copy()[:, ::-1],
    "other byte order": lambda x: x.astype(x.dtype.newbyteorder()),
    "tensor transposed": lambda x: torch.from_numpy(x.T.copy()).T,
    "tensor that tracks gradients": lambda x: torch.from_numpy(x).requires_grad_(),
}


@pytest.mark.parametrize("offset", [0.0, 100.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layout_in_memory_does_not_matter(
    layout, dtype, offset, direct_scores, assert_same_scores
):
    vectors = (np.random.default_rng(0).normal(size=(11, 7001)) + offset).astype(dtype)
    laid_out = LAYOUTS[layout](vectors)
    assert_same_scores(krum_scores(laid_out), direct_scores(vectors, neighbours(11)))


@pytest.mark.parametrize("offset", [0.0, 1e3, 3e38])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_input_is_read_only_to_us(dtype, offset):
    vectors = np.random.default_rng(1).normal(size=(9, 6300)).astype(dtype) + dtype(offset)
    vectors[0] = vectors[1]
    before = vectors.copy()
    tensor = torch.from_numpy(vectors.copy())
    krum_scores(vectors)
    krum_scores(tensor)
    np.testing.assert_array_equal(vectors, before)
    np.testing.assert_array_equal(tensor.numpy(), before)
    vectors.setflags(write=False)
    krum_scores(vectors)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("offset", [0.0, 1e3])
def test_tensors_score_like_arrays_to_the_last_bit(dtype, offset):
    vectors = (np.random.default_rng(2).normal(size=(30, 8000)) + offset).astype(dtype)
    np.testing.assert_array_equal(krum_scores(torch.from_numpy(vectors)), krum_scores(vectors))


def test_same_scores_twice():
    vectors = np.random.default_rng(3).normal(size=(30, 8000)).astype(np.float32)
    np.testing.assert_array_equal(krum_scores(vectors), krum_scores(vectors.copy()))


@settings(max_examples=100)
@given(
    arrays(
        np.float32,
        st.tuples(st.integers(2, 9), st.integers(1, 5)),
        elements=st.floats(-9, 9, width=32),
    ),
    st.randoms(use_true_random=False),
)
def test_scores_follow_their_rows(vectors, random):
    order = list(range(len(vectors)))
    random.shuffle(order)
    np.testing.assert_allclose(
        krum_scores(vectors[order]), krum_scores(vectors)[order], rtol=2e-5
    )


def test_scores_are_in_squared_units():
    vectors = np.random.default_rng(4).normal(size=(12, 50)).astype(np.float32)
    np.testing.assert_allclose(krum_scores(8 * vectors), 64 * krum_scores(vectors), rtol=1e-6)


@pytest.mark.parametrize("n", [1, 2, 6])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("column", [3, 7000])
@pytest.mark.parametrize("kind", ["float32", "float64", "tensor", "bfloat16"])
def test_what_is_not_finite_is_named_by_row_and_column(kind, column, value, n):
    vectors = np.ones((n, 7001), dtype=np.float64 if kind == "float64" else np.float32)
    vectors[n - 1, column] = value
    given = vectors if kind.startswith("float") else torch.from_numpy(vectors)
    given = given.bfloat16() if kind == "bfloat16" else given
    with pytest.raises(ValueError, match=rf"vectors\[{n - 1}, {column}\] = {value}"):
        krum_scores(given)


def test_a_round_of_nothing_finite_is_refused():
    with pytest.raises(ValueError, match=r"vectors\[0, 0\] = nan"):
        krum_scores(np.full((4, 3), np.nan))


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        (np.ones(3), r"shape \(3,\)"),
        (np.ones((2, 3, 4)), r"shape \(2, 3, 4\)"),
        (np.ones((0, 3)), r"shape \(0, 3\)"),
        (torch.ones(3), r"shape \(3,\)"),
        (np.ones((2, 3), dtype=complex), "complex128"),
        (torch.ones((2, 3), dtype=torch.complex64), "complex64"),
        ([["a"], ["b"]], "real numbers"),
    ],
)
def test_what_is_not_a_real_matrix_is_refused(vectors, message):
    with pytest.raises(ValueError, match=message):
        krum_scores(vectors)


@pytest.mark.parametrize("offset", [0.0, 1e3, "clusters", "huge"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_memory_stays_near_the_distance_matrix(dtype, offset):
    n, d = 24, 400_000
    vectors = np.random.default_rng(5).standard_normal((n, d), dtype=np.float32).astype(dtype)
    if offset == "clusters":
        vectors[::2] += 1e4
    elif offset == "huge":
        vectors *= 1e37
    else:
        vectors += offset
    tracemalloc.start()
    try:
        krum_scores(vectors)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # Five float64 blocks of 6256 columns and ten float64 n x n matrices.
    assert peak < 8 * (5 * n * 6256 + 10 * n * n) < vectors.nbytes / 3


def test_consistency_is_one_for_the_nearest_and_zero_for_the_farthest():
    quality = consistency([30.0, 10.0, 20.0, 50.0, 10.0])
    np.testing.assert_allclose(quality, [0.5, 1.0, 0.75, 0.0, 1.0], rtol=1e-15)


@pytest.mark.parametrize("score", [0.0, 1e-320, 7.0, 1.7e308])
@pytest.mark.parametrize("n", [1, 2, 5])
def test_consistency_of_equal_scores_is_all_ones(n, score):
    assert consistency([score] * n).tolist() == [1.0] * n


def test_consistency_of_nobody_is_empty():
    assert consistency([]).shape == (0,)


@settings(max_examples=400)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=12))
def test_consistency_of_any_finite_scores_is_equation_3(scores):
    quality = consistency(scores)
    low, high = Fraction(min(scores)), Fraction(max(scores))
    for score, q in zip(scores, quality, strict=True):
        expected = 1.0 if low == high else float(1 - (Fraction(score) - low) / (high - low))
        assert abs(q - expected) <= 1e-15
        assert 0.0 <= q <= 1.0


@given(st.lists(st.floats(0, 1e6), min_size=2, max_size=12))
def test_consistency_never_ranks_a_higher_score_first(scores):
    quality = consistency(scores)
    order = np.argsort(scores, kind="stable")
    assert (np.diff(quality[order]) <= 0).all()
    if min(scores) < max(scores):
        assert quality[order[0]] == 1.0
        assert quality[order[-1]] == 0.0


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_consistency_names_the_first_score_that_is_not_finite(value):
    with pytest.raises(ValueError, match=rf"scores\[1\] = {value}"):
        consistency([1.0, value, np.nan])


@pytest.mark.parametrize("unit", [5e-324, 1e-310, 1e300])
def test_consistency_does_not_depend_on_the_unit(unit):
    np.testing.assert_allclose(
        consistency([0 * unit, 4 * unit, unit]), [1.0, 0.0, 0.75], rtol=1e-12
    )
