"""Divide and conquer against a singular value decomposition, and draws of coordinates."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anml_fl.method.robust import dnc as module
from anml_fl.method.robust.dnc import dnc, scores


def rng(seed=0):
    return np.random.default_rng(seed)


def by_decomposition(updates):
    """Squared projections on the first right singular vector of the centred updates."""
    centred = updates - updates.mean(axis=0)
    _, _, right = np.linalg.svd(centred)
    return (centred @ right[0]) ** 2


@given(st.integers(2, 9), st.integers(1, 30), st.integers(0, 1000))
def test_scores_are_squared_projections_on_the_first_singular_vector(n, d, seed):
    updates = rng(seed).normal(size=(n, d))
    expected = by_decomposition(updates)
    found = scores(updates)
    # Up to one factor for all.
    np.testing.assert_allclose(found / found.sum(), expected / expected.sum(), atol=1e-8)


@given(st.integers(1, 12), st.integers(0, 14), st.integers(0, 1000))
def test_of_few_coordinates_all_are_looked_at_and_f_left_out(n, f, seed):
    updates = rng(seed).normal(size=(n, 20))
    kept = dnc(updates, f, rng())
    assert kept.sum() == n - min(f, n - 1)
    if 0 < f < n:
        expected = by_decomposition(updates)
        assert expected[kept].max() <= expected[~kept].min() + 1e-9


def test_of_many_coordinates_those_are_kept_who_are_kept_in_every_draw(monkeypatch):
    monkeypatch.setattr(module, "DRAWN", 15)
    updates = rng(3).normal(size=(12, 60))
    drawing, everywhere = rng(7), set(range(12))
    for _ in range(5):
        drawn = drawing.choice(60, 15, replace=False, shuffle=False)
        order = np.argsort(by_decomposition(updates[:, drawn]))
        everywhere &= set(order[:9].tolist())
    assert 0 < len(everywhere) < 9
    assert set(np.flatnonzero(dnc(updates, 3, rng(7)))) == everywhere


def test_where_nobody_is_kept_in_every_draw_the_most_kept_are(monkeypatch):
    monkeypatch.setattr(module, "DRAWN", 2)
    # Each stands out in coordinates of its own: nobody is among the lowest one in all draws.
    kept = dnc(np.eye(6) + 1e-3 * rng().normal(size=(6, 6)), 5, rng(1))
    assert 0 < kept.sum() < 6


@given(st.permutations(range(8)), st.floats(0.1, 1e6), st.integers(0, 100))
def test_order_place_and_scale_do_not_matter(order, scale, seed):
    updates = rng(seed).normal(size=(8, 12))
    kept = dnc(updates, 3, rng())
    order = list(order)
    np.testing.assert_array_equal(dnc(updates[order], 3, rng()), kept[order])
    np.testing.assert_array_equal(dnc(scale * updates + 5.0, 3, rng()), kept)


@pytest.mark.parametrize("value", [0.0, 1.0, 3.4e38])
@pytest.mark.parametrize("n", [1, 2, 3, 10])
def test_those_who_are_all_alike_are_kept_but_for_f(n, value):
    updates = np.full((n, 5), value, np.float32)
    assert dnc(updates, 3, rng()).sum() == max(1, n - 3)


def test_one_that_is_huge_is_left_out():
    updates = rng().normal(size=(10, 50)).astype(np.float32)
    updates[4] = 3e38
    assert not dnc(updates, 1, rng())[4]
