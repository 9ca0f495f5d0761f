"""FLANDERS: the forecast against its normal equations, and who is left out by it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anml_fl.method.robust.flanders import flanders, forecast


def in_turn(past, steps=10):
    """Alternating least squares, each step by the whole normal matrix of vec(A) or vec(B)."""
    scale = np.median(np.sqrt((past**2).mean(axis=2)))
    past = past / scale
    _, n, s = past.shape
    left = np.eye(n)
    for _ in range(steps):
        given = np.concatenate([np.kron(left @ p, np.eye(s)) for p in past[:-1]])
        wanted = np.concatenate([p.ravel() for p in past[1:]])
        normal = given.T @ given + np.eye(s * s)
        right = np.linalg.solve(normal, given.T @ wanted).reshape(s, s)
        given = np.concatenate([np.kron(np.eye(n), (p @ right).T) for p in past[:-1]])
        normal = given.T @ given + np.eye(n * n)
        left = np.linalg.solve(normal, given.T @ wanted).reshape(n, n)
    return scale * (left @ past[-1] @ right)


# Fewer rows than coordinates, and more.
@settings(max_examples=20)
@given(st.sampled_from([(2, 3, 5), (4, 3, 5), (3, 6, 2), (5, 4, 4)]), st.integers(0, 1000))
def test_the_forecast_is_that_of_least_squares_in_turn(shape, seed):
    rounds, n, s = shape
    past = np.random.default_rng(seed).normal(2.0, 1.0, (rounds, n, s))
    np.testing.assert_allclose(forecast(past), in_turn(past), rtol=1e-6, atol=1e-8)


@given(st.permutations(range(6)), st.floats(1e-20, 1e20), st.integers(0, 100))
def test_order_and_scale_do_not_matter(order, scale, seed):
    rng = np.random.default_rng(seed)
    past, now = rng.normal(size=(2, 6, 30)), rng.normal(size=(6, 30))
    order = list(order)
    kept = flanders(past, now, 2)
    assert kept.sum() == 4
    again = flanders(scale * past[:, order], scale * now[order], 2)
    np.testing.assert_array_equal(again, kept[order])


def moving(rounds, n=8, s=40, seed=0):
    """Models that all go one way, each with noise of its own."""
    rng = np.random.default_rng(seed)
    start, way = rng.normal(size=s), 0.1 * rng.normal(size=s)
    return np.stack([start + t * way + 0.01 * rng.normal(size=(n, s)) for t in range(rounds)])


def test_who_turns_is_not_foreseen():
    models = moving(3)
    models[2, [1, 5]] += 0.5
    kept = flanders(models[:2], models[2], 2)
    np.testing.assert_array_equal(np.flatnonzero(~kept), [1, 5])
    # In a model that nobody expected all are left in but f.
    assert flanders(models[:2], models[2], 0).all()


@pytest.mark.parametrize("rounds", [0, 1])
def test_too_few_rounds_leave_nobody_out(rounds):
    models = moving(3)
    assert flanders(models[:rounds], models[2] + 9.0, 3).all()


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("value", [0.0, 1.0, 1e24])
def test_few_and_those_who_are_all_alike_are_borne(n, value):
    past, now = np.full((2, n, 5), value), np.full((n, 5), value)
    assert np.isfinite(forecast(past)).all()
    assert flanders(past, now, 3).sum() == 1
    assert flanders(past, now, 1).sum() == max(1, n - 1)


@given(st.integers(0, 1000))
def test_rounds_of_the_most_different_sizes_are_borne(seed):
    rng = np.random.default_rng(seed)
    past = rng.normal(size=(2, 5, 8)) * 10.0 ** rng.integers(-24, 25, (2, 5, 1))
    past *= rng.integers(0, 2, (2, 5, 1))
    assert np.isfinite(forecast(past)).all()
    assert flanders(past, rng.normal(size=(5, 8)), 2).sum() == 3
