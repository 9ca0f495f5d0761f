"""Updates in blocks on views of the replies: the same numbers as one matrix, and no matrix."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.updates import Updates, Views

SIZES = (5, 0, 7000, 1, 3000)


def views(n, sizes=SIZES, seed=0, dtype=np.float32):
    rng = np.random.default_rng(seed)
    model = rng.normal(size=sum(sizes)).astype(dtype)
    pieces = [[rng.normal(size=size).astype(np.float32) for size in sizes] for _ in range(n)]
    matrix = np.stack([np.concatenate(one) for one in pieces]) - model
    return Views(pieces, model), matrix


@given(st.lists(st.integers(0, 9), min_size=1, max_size=6), st.data())
def test_columns_are_those_of_the_matrix(sizes, data):
    rows, matrix = views(4, sizes)
    d = sum(sizes)
    start = data.draw(st.integers(0, d))
    part = slice(start, data.draw(st.integers(start, d)), data.draw(st.integers(1, 5)))
    np.testing.assert_array_equal(rows.columns(part), matrix[:, part])
    some = np.array([3, 0])
    np.testing.assert_array_equal(rows.columns(part, some), matrix[some, part])


def test_columns_are_put_where_there_is_place_of_their_type():
    rows, matrix = views(3)
    for dtype, there in ((np.float32, True), (np.float64, False)):
        place = np.full((3, 40), -1.0, dtype)
        found = rows.columns(slice(10, 50), None, place)
        assert (found is place) == there
        np.testing.assert_array_equal(found, matrix[:, 10:50])


def test_arrays_of_other_types_become_those_of_the_vector():
    model = np.array([0.5, 1.0, 2.0], np.float32)
    pieces = [[np.array([1.5], np.float16), np.array([7], np.int64), np.array([True])]]
    found = Updates(Views(pieces, model)).columns(slice(0, 3))
    assert found.dtype == np.float32
    assert found.tolist() == [[1.0, 6.0, -1.0]]


@pytest.mark.parametrize("n", [6, 40, 100])
def test_views_and_a_matrix_give_the_same_bits(n):
    """One engine sends messages, and another has a matrix: what is decided is the same."""
    rows, matrix = views(n, (40, 20_000, 30, 15_000))
    viewed, whole = Updates(rows), Updates.of(matrix)
    assert viewed.distances.tobytes() == whole.distances.tobytes()
    for shares in (np.full(n, 1 / n), np.arange(n) / (n * (n - 1) / 2), np.eye(n)[2]):
        assert viewed.weighted(shares).tobytes() == whole.weighted(shares).tobytes()
    assert viewed.matrix.tobytes() == matrix.tobytes()


@pytest.mark.parametrize("offset", [0.0, 1e4])
def test_sums_are_as_exact_as_float32_updates_are(offset):
    n, d = 20, 30_000
    rng = np.random.default_rng(1)
    model = (offset + rng.normal(size=d)).astype(np.float32)
    models = (model + 0.1 * rng.normal(size=(n, d))).astype(np.float32)
    shares = rng.dirichlet(np.ones(n))
    found = Updates(Views([[one] for one in models], model)).weighted(shares)
    truth = shares @ (models.astype(np.float64) - model)
    assert np.abs(found - truth).max() < 1e-6 * np.abs(models - model).max()


def test_who_has_no_share_is_not_read():
    rows, matrix = views(4)
    rows.pieces[1] = None
    shares = np.array([0.5, 0.0, 0.25, 0.25])
    found = Updates(rows).weighted(shares)
    np.testing.assert_allclose(found, shares @ matrix, atol=1e-6)
    assert not Updates.of(matrix).weighted(np.zeros(4)).any()


def test_a_matrix_is_read_only_and_lets_the_replies_go():
    rows, matrix = views(4)
    updates = Updates(rows)
    made = updates.matrix
    np.testing.assert_array_equal(made, matrix)
    assert made is updates.matrix
    assert rows.pieces == [()] * 4
    for one in (made, Updates.of(matrix).matrix):
        with pytest.raises(ValueError, match="read-only"):
            one[0, 0] = 1.0
    matrix[0, 0] = 1.0  # whoever has it may go on with it


@pytest.mark.parametrize("viewed", [True, False])
def test_some_are_taken_in_the_order_asked_for(viewed):
    rows, matrix = views(5)
    updates = (Updates(rows) if viewed else Updates.of(matrix))[[4, 1]]
    assert (len(updates), updates.shape) == (2, (2, sum(SIZES)))
    np.testing.assert_array_equal(updates.columns(slice(0, 20)), matrix[[4, 1], :20])


def test_distances_of_few_are_kept_and_of_many_are_not():
    few, many = (Updates.of(np.ones((n, 2), np.float32)) for n in (1000, 1001))
    assert few.distances is few.distances
    assert many.distances is not many.distances
    assert not few.distances.flags.writeable


def test_distances_and_sums_take_no_matrix():
    n, d = 12, 400_000
    rows, _ = views(n, (d,))
    updates = Updates(rows)
    tracemalloc.start()
    try:
        assert updates.distances.shape == (n, n)
        summed = updates.weighted(np.full(n, 1 / n))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # The sum itself, and blocks of columns: a tenth of all updates beside it.
    assert peak < summed.nbytes + 0.3 * 4 * n * d


def test_a_matrix_is_not_there_beside_all_replies():
    n, d = 12, 400_000
    tracemalloc.start()
    try:
        model = np.zeros(d, np.float32)
        updates = Updates(Views([[np.full(d, i, np.float32)] for i in range(n)], model))
        assert updates.matrix.shape == (n, d)
        left, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert left < 1.2 * 4 * n * d
