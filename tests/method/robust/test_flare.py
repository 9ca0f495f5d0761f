"""FLARE's scores by hand: consistency, distance, inclusion, and the threshold."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anml_fl.method.robust.flare import Standing, distances, flare, next_threshold


def honest(n=6, k=5, seed=0):
    return np.random.default_rng(seed).normal(1.0, 0.1, (n, k))


def test_a_newcomer_near_the_others_has_the_reputation_of_one():
    reputation, weights, after = flare(honest(), Standing.unknown(6, 5))
    # 0.3 x 1/2 + 0.4 x 1 + 0.3 x 1
    np.testing.assert_allclose(reputation, 0.85)
    np.testing.assert_allclose(weights, reputation)
    np.testing.assert_array_equal(after.mean, honest())
    np.testing.assert_array_equal(after.rounds, 1.0)
    np.testing.assert_array_equal(after.included, 1.0)


def test_a_second_round_is_held_against_the_first():
    now = honest()
    _, _, standing = flare(now, Standing.unknown(6, 5))
    turned = now.copy()
    turned[0] = -turned[0]
    far = distances(turned)
    reputation, weights, after = flare(turned, standing)
    same = 0.7 * 0.5 + 0.3
    np.testing.assert_allclose(reputation[1:], 0.3 * same + 0.4 + 0.3, rtol=1e-12)
    beyond = math.exp(-2.0 * (far[0] - 3.6))
    expected = 0.3 * (0.7 * 0.5 - 0.3) + 0.4 * beyond + 0.3
    np.testing.assert_allclose(reputation[0], expected)
    # Below 0.5 it counts by how much.
    np.testing.assert_allclose(weights[0], expected * expected / 0.5)
    np.testing.assert_allclose(after.included, [1 + expected / 0.5, 2, 2, 2, 2, 2])
    np.testing.assert_allclose(after.mean[0], 0.0, atol=1e-12)


def test_below_half_of_the_threshold_nothing_counts_and_inclusion_falls():
    standing = Standing(np.ones((4, 3)), np.full(4, -1.0), np.zeros(4), np.full(4, 5.0))
    updates = np.ones((4, 3))
    updates[0] = -100.0
    reputation, weights, after = flare(updates, standing, threshold=0.8)
    # 0.3 x (-0.7 - 0.3), 0.4 x 0 and 0.3 x 0.4.
    assert reputation[0] == 0.0
    assert weights[0] == 0.0
    assert after.included[0] == 0.0
    # 0.3 x (-0.7 + 0.3) + 0.4 + 0.3 x 0.4 = 0.4, which is half.
    np.testing.assert_allclose(reputation[1:], 0.4)
    np.testing.assert_allclose(after.rounds, 6.0)


@given(st.integers(1, 25), st.integers(0, 1000))
def test_distances_are_of_medians_along_principal_components(n, seed):
    updates = np.random.default_rng(seed).normal(size=(n, 30))
    left, sizes, _ = np.linalg.svd(updates - updates.mean(axis=0), full_matrices=False)
    count = max(1, n // 10)
    places = left[:, :count] * sizes[:count]
    away = np.abs(places - np.median(places, axis=0))
    spread = 1.4826 * np.median(away, axis=0)
    if (spread <= 1e-9 * np.abs(places).max()).any():  # of one or two it is no spread
        return
    expected = np.sqrt(((away / spread) ** 2).sum(axis=1))
    np.testing.assert_allclose(distances(updates), expected, rtol=1e-6, atol=1e-9)


@given(st.permutations(range(8)), st.floats(1e-10, 1e10), st.integers(0, 100))
def test_order_and_scale_do_not_matter(order, scale, seed):
    rng = np.random.default_rng(seed)
    now = rng.normal(0.5, 1.0, (8, 6))
    known = rng.integers(0, 2, 8)
    standing = Standing(
        rng.normal(size=(8, 6)) * known[:, None],
        rng.uniform(-1, 1, 8) * known,
        known * 2.0,
        known * 3.0,
    )
    _, weights, _ = flare(now, standing)
    order = list(order)
    moved = Standing(*(getattr(standing, n)[order] for n in Standing.__slots__))
    _, again, _ = flare(scale * now[order], moved)
    np.testing.assert_allclose(again, weights[order], atol=1e-6)


@pytest.mark.parametrize("n", [1, 2, 3, 10])
@pytest.mark.parametrize("value", [0.0, 1.0, 1e30])
def test_few_and_those_who_are_all_alike_are_near_each_other(n, value):
    np.testing.assert_array_equal(distances(np.full((n, 4), value)), 0.0)
    reputation, _, _ = flare(np.full((n, 4), value), Standing.unknown(n, 4))
    np.testing.assert_allclose(reputation, 0.85)


def test_one_that_is_huge_is_far_and_makes_nobody_else_far():
    updates = honest(9)
    updates[2] = 1e30
    far = distances(updates)
    assert far[2] > 1e6
    assert np.delete(far, 2).max() < 3.6


def test_the_threshold_rises_as_rounds_agree_and_falls_as_more_are_left_out():
    way, other = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    assert next_threshold(way, way, 0.0) == pytest.approx(0.8)
    assert next_threshold(way, other, 0.0) == pytest.approx(0.5)
    assert next_threshold(way, -way, 0.0) == pytest.approx(0.5)
    assert next_threshold(way, way, 1.0) == pytest.approx(0.4)
    assert next_threshold(np.zeros(2), way, 0.0) == pytest.approx(0.5)
