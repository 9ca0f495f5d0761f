"""LASA against its algorithm, a value and a layer at a time."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anml_fl.method.robust.lasa import lasa

SHAPES = ((4, 5), (5,), (5, 3), (3,))
D = 43


def drawn(seed, n=9):
    return np.random.default_rng(seed).normal(0.2, 1.0, (n, D))


def by_layers(updates):
    """The paper's steps with all sample weights 1."""
    sizes = [np.sqrt(sum(x * x for x in update)) for update in updates]
    middle = float(np.median(sizes))
    cut = np.array([u * min(1.0, middle / s) for u, s in zip(updates, sizes, strict=True)])
    dense = [*range(20, 25), *range(40, 43)]  # arrays of one dimension
    for update in cut:
        rest = sorted((j for j in range(D) if j not in dense), key=lambda j: abs(update[j]))
        update[rest[: int(0.3 * len(rest))]] = 0.0
    found, edges = np.zeros(D), [0, 20, 25, 40, 43]
    for start, stop in pairwise(edges):
        layer = cut[:, start:stop]
        length = np.array([np.linalg.norm(one) for one in layer])
        plus, minus = (layer > 0).sum(axis=1), (layer < 0).sum(axis=1)
        purity = 0.5 * (1 + (plus - minus) / (plus + minus))
        kept = [
            abs(a - np.median(length)) <= 2 * np.std(length)
            and abs(b - np.median(purity)) <= np.std(purity)
            for a, b in zip(length, purity, strict=True)
        ]
        found[start:stop] = layer[kept].mean(axis=0)
    return found


@given(st.integers(0, 10_000))
def test_it_follows_the_papers_algorithm(seed):
    updates = drawn(seed)
    found, shares = lasa(updates, SHAPES, np.ones(9))
    np.testing.assert_allclose(found, by_layers(updates), atol=1e-12)
    assert shares.sum() == pytest.approx(1.0)
    assert (shares >= 0).all()


@given(st.permutations(range(9)), st.integers(0, 1000), st.floats(1e-3, 1e3))
def test_order_does_not_matter_and_scale_goes_through(order, seed, scale):
    updates, factors = drawn(seed), np.random.default_rng(seed).uniform(0.5, 2, 9)
    found, shares = lasa(updates, SHAPES, factors)
    order = list(order)
    again, shares_again = lasa(scale * updates[order], SHAPES, factors[order])
    np.testing.assert_allclose(again, scale * found, rtol=1e-9, atol=1e-9 * scale)
    np.testing.assert_allclose(shares_again, shares[order], atol=1e-12)


def test_a_share_is_that_in_a_layer_by_the_layers_size():
    # Nothing is zeroed in arrays of one dimension. In the second layer the last is far off.
    updates = np.ones((5, 4))
    updates[4, 3] = -1.0
    found, shares = lasa(updates, ((3,), (1,)), np.array([1.0, 1.0, 1.0, 1.0, 4.0]))
    np.testing.assert_allclose(found, 1.0)
    in_first, in_second = np.array([1, 1, 1, 1, 4]) / 8, np.array([1, 1, 1, 1, 0]) / 4
    np.testing.assert_allclose(shares, 0.75 * in_first + 0.25 * in_second)


@pytest.mark.parametrize("value", [0.0, -2.0, 3.4e38])
@pytest.mark.parametrize("n", [1, 2, 3, 8])
def test_those_who_are_all_alike_are_all_kept(n, value):
    updates = np.full((n, D), value, np.float32)
    updates[:, 0] = 0.5
    found, shares = lasa(updates, SHAPES, np.ones(n))
    np.testing.assert_allclose(shares, 1 / n)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found[20:25], updates[0, 20:25], rtol=1e-6)


def test_one_that_is_huge_is_no_longer_than_the_others_and_left_out_by_its_signs():
    updates = drawn(0).astype(np.float32)
    updates[3] = -3e38
    found, shares = lasa(updates, SHAPES, np.ones(9))
    assert shares[3] == 0.0
    assert np.linalg.norm(found) <= np.median(np.linalg.norm(drawn(0), axis=1))
