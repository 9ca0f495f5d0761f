"""Directions and their sketches: closed forms, counts, and scipy's minima."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from anml_fl.method.calibrated.directions import geometric_median, lengths, units
from anml_fl.method.calibrated.sketch import SIZE, sketch

SEEDS = st.integers(0, 2**31)


@given(seed=SEEDS, d=st.integers(1, 5000))
@settings(max_examples=50)
def test_a_sketch_is_linear_and_keeps_short_vectors(seed, d):
    a, b = np.random.default_rng(seed).normal(size=(2, d))
    np.testing.assert_allclose(
        sketch(np.stack([a + 2 * b]))[0], sketch(np.stack([a]))[0] + 2 * sketch(b[None])[0],
        atol=1e-9,
    )  # fmt: skip
    if d <= SIZE:
        np.testing.assert_array_equal(sketch(a[None])[0], a)


def test_each_element_goes_to_one_place_with_a_sign():
    d = SIZE * 256 + SIZE + 7  # more than one block of signs
    places = [0, SIZE - 1, SIZE, SIZE * 256, d - 1]
    for j in places:
        one = np.zeros((1, d), np.float32)
        one[0, j] = 3.0
        found = sketch(one)[0]
        assert np.flatnonzero(found).tolist() == [j % SIZE]
        assert abs(found[j % SIZE]) == 3.0


def test_inner_products_of_sketches_are_unbiased():
    # Other signs: the same vectors with their elements at other places.
    rng = np.random.default_rng(1)
    a = rng.normal(size=6 * SIZE)
    b = 0.6 * a + 0.8 * rng.normal(size=a.size)
    found = []
    for _ in range(200):
        order = rng.permutation(a.size)
        x, y = sketch(np.stack([a[order], b[order]]))
        found.append(x @ y / (a @ b))
    error = np.std(found) / np.sqrt(len(found))
    assert abs(np.mean(found) - 1) < 4 * error
    # The known spread of a count sketch: sqrt((|a|^2 |b|^2 + <a, b>^2) / SIZE) at the most.
    most = np.sqrt(((a @ a) * (b @ b) + (a @ b) ** 2) / SIZE) / (a @ b)
    assert np.std(found) < 1.3 * most


@given(seed=SEEDS, n=st.integers(1, 12), k=st.integers(1, 6))
@settings(max_examples=50)
def test_the_geometric_median_is_no_worse_than_scipys(seed, n, k):
    rng = np.random.default_rng(seed)
    points, weights = rng.normal(size=(n, k)), rng.uniform(0.1, 1, n)

    def total(at):
        return float(weights @ np.sqrt(((points - at) ** 2).sum(axis=1)))

    best = minimize(total, points.mean(axis=0), method="Nelder-Mead").fun
    best = min(best, *map(total, points))
    assert total(geometric_median(points, weights, 200)) <= best * 1.001 + 1e-5
    # The eight steps that are taken come near.
    assert total(geometric_median(points, weights)) <= best * 1.05 + 1e-5


def test_lengths_of_float32_are_those_of_float64():
    updates = np.random.default_rng(0).normal(size=(3, 1000)).astype(np.float32) * 1e30
    np.testing.assert_allclose(lengths(updates), np.linalg.norm(updates.astype(float), axis=1))
    np.testing.assert_allclose(np.linalg.norm(units(updates), axis=1), 1.0)
