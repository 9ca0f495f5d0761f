"""Centred clipping and the momentum that belongs to it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from anml_fl.method.robust.centred_clipping import centred_clipping
from anml_fl.method.robust.client_momentum import client_momentum
from studies.benchmarks.byzfl_modules import byzfl_module

VECTORS = arrays(np.float64, (5, 3), elements=st.floats(-1e6, 1e6))
EQUAL = np.full(5, 0.2)


@pytest.mark.parametrize("steps", [1, 3])
@pytest.mark.parametrize("radius", [0.5, 4.0, 1e9])
def test_agrees_with_byzfl_over_rounds(steps, radius):
    theirs = byzfl_module("aggregators").CenteredClipping(L=steps, tau=radius)
    rng, centre = np.random.default_rng(0), np.zeros(8)
    for _ in range(4):
        vectors = rng.standard_normal((5, 8)) + 2.0
        centre, _ = centred_clipping(vectors, centre, EQUAL, radius=radius, steps=steps)
        np.testing.assert_allclose(centre, theirs(vectors), atol=1e-6)


def test_a_wide_radius_gives_the_weighted_mean_wherever_it_began():
    vectors, weights = np.array([[1.0], [4.0]]), np.array([0.75, 0.25])
    centre, factors = centred_clipping(vectors, np.array([77.0]), weights, radius=1e3)
    np.testing.assert_allclose(centre, [1.75])
    np.testing.assert_allclose(factors, weights)


def test_without_a_radius_it_is_the_median_distance():
    vectors = np.array([[1.0], [2.0], [30.0]])
    ours = centred_clipping(vectors, np.zeros(1), np.full(3, 1 / 3))
    same = centred_clipping(vectors, np.zeros(1), np.full(3, 1 / 3), radius=2.0)
    np.testing.assert_array_equal(ours[0], same[0])
    np.testing.assert_allclose(ours[0], [5 / 3])


@given(VECTORS, arrays(np.float64, 3, elements=st.floats(-10, 10)), st.integers(1, 4))
def test_what_came_of_each_update_adds_up_to_the_centre(vectors, centre, steps):
    found, factors = centred_clipping(vectors, centre, EQUAL, radius=3.0, steps=steps)
    assert (factors >= 0).all()
    assert factors.sum() <= 1 + 1e-12
    whole = factors @ vectors + (1 - factors.sum()) * centre
    np.testing.assert_allclose(found, whole, atol=1e-6)


@given(VECTORS, st.sampled_from([0.1, 5.0]), st.permutations(range(5)))
def test_nobody_moves_it_farther_than_the_radius_allows(vectors, radius, order):
    found, _ = centred_clipping(vectors, np.zeros(3), EQUAL, radius=radius)
    assert np.linalg.norm(found) <= radius * (1 + 1e-9)
    other = vectors.copy()
    other[0] = 1e9
    moved, _ = centred_clipping(other, np.zeros(3), EQUAL, radius=radius)
    assert np.linalg.norm(moved - found) <= 2 * radius / 5 * (1 + 1e-6)
    again, _ = centred_clipping(vectors[list(order)], np.zeros(3), EQUAL, radius=radius)
    np.testing.assert_allclose(again, found, atol=1e-9)


@given(VECTORS, arrays(np.float64, 3, elements=st.floats(-1e3, 1e3)))
def test_it_moves_with_the_updates(vectors, shift):
    found, _ = centred_clipping(vectors, np.zeros(3), EQUAL, steps=2)
    moved, _ = centred_clipping(vectors + shift, shift, EQUAL, steps=2)
    np.testing.assert_allclose(moved - shift, found, atol=1e-6)


def test_updates_at_the_centre_are_whole():
    found, factors = centred_clipping(np.ones((5, 3)), np.ones(3), EQUAL)
    np.testing.assert_array_equal(found, np.ones(3))
    np.testing.assert_allclose(factors, EQUAL)


def test_momentum_is_the_decayed_sum_of_what_came():
    rng, beta = np.random.default_rng(0), 0.9
    came = rng.standard_normal((6, 2, 4))
    m = client_momentum(np.full((2, 4), np.nan), came[0], np.zeros(2, bool), beta)
    for one in came[1:]:
        m = client_momentum(m, one, np.ones(2, bool), beta)
    whole = beta**5 * came[0] + sum(
        (1 - beta) * beta ** (5 - k) * came[k] for k in range(1, 6)
    )
    np.testing.assert_allclose(m, whole)


def test_momentum_keeps_the_type_and_no_momentum_keeps_the_update():
    updates = np.array([[1.0, 2.0]], np.float32)
    kept = client_momentum(np.full((1, 2), 9.0), updates, np.ones(1, bool), 0.0)
    assert kept.dtype == np.float32
    np.testing.assert_array_equal(kept, updates)
