"""FoolsGold against its algorithm, a pair of contributors at a time."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anml_fl.method.robust.foolsgold import foolsgold


def by_pairs(history):
    """Algorithm 1, with the logit's clip of the largest at 1."""
    n = len(history)

    def cosine(i, j):
        sizes = math.hypot(*history[i]) * math.hypot(*history[j])
        return sum(a * b for a, b in zip(history[i], history[j], strict=True)) / sizes

    similar = [[cosine(i, j) if i != j else 0.0 for j in range(n)] for i in range(n)]
    nearest = [max(0.0, *row) if n > 1 else 0.0 for row in similar]
    apart = []
    for i in range(n):
        pardoned = [
            similar[i][j] * (nearest[i] / nearest[j] if nearest[j] > nearest[i] else 1.0)
            for j in range(n)
        ]
        apart.append(min(max(1.0 - max(pardoned), 0.0), 1.0))
    weights = []
    for one in apart:
        alpha = one / max(apart)
        if alpha in (0.0, 1.0):
            weights.append(alpha)
        else:
            weights.append(min(max(math.log(alpha / (1 - alpha)) + 0.5, 0.0), 1.0))
    return weights


@given(st.integers(1, 8), st.integers(0, 10_000))
def test_it_follows_the_papers_algorithm(n, seed):
    history = np.random.default_rng(seed).normal(0.3, 1.0, (n, 4))
    np.testing.assert_allclose(foolsgold(history), by_pairs(history.tolist()), atol=1e-9)


@given(st.permutations(range(7)), st.integers(0, 1000))
def test_neither_order_nor_length_matters(order, seed):
    rng = np.random.default_rng(seed)
    history = rng.normal(0.3, 1.0, (7, 5))
    weights = foolsgold(history)
    order = list(order)
    np.testing.assert_allclose(foolsgold(history[order]), weights[order], atol=1e-9)
    longer = history * rng.uniform(1e-6, 1e6, (7, 1))
    np.testing.assert_allclose(foolsgold(longer), weights, atol=1e-9)


@pytest.mark.parametrize("sybils", [2, 5, 50])
def test_copies_have_no_weight_however_many_there_are(sybils):
    rng = np.random.default_rng(0)
    history = np.concatenate([rng.normal(size=(10, 40)), np.ones((sybils, 40))])
    weights = foolsgold(history)
    assert (weights[:10] > 0.9).all()
    np.testing.assert_array_equal(weights[10:], 0.0)


@pytest.mark.parametrize("n", [1, 2, 3, 9])
def test_where_all_are_alike_nobody_is_told_apart(n):
    line = np.random.default_rng(0).normal(size=6)
    history = np.outer(np.arange(1.0, n + 1), line)
    np.testing.assert_array_equal(foolsgold(history), 1.0)


def test_who_sent_nothing_is_like_nobody():
    np.testing.assert_array_equal(foolsgold(np.zeros((4, 3))), 1.0)
    with_one = np.concatenate([np.zeros((1, 3)), np.ones((2, 3))])
    np.testing.assert_array_equal(foolsgold(with_one), [1.0, 0.0, 0.0])
