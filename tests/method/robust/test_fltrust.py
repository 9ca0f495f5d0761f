"""FLTrust against its equations, an update at a time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anml_fl.method.robust.direction import direction
from anml_fl.method.robust.fltrust import fltrust


def drawn(seed, n=6, d=9):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)), rng.normal(size=d), rng.uniform(0.5, 2.0, n)


@given(st.integers(0, 10_000))
def test_it_is_the_mean_by_trust_of_updates_of_the_servers_length(seed):
    updates, root, factors = drawn(seed)
    top, below = np.zeros(9), 0.0
    for update, factor in zip(updates, factors, strict=True):
        cosine = update @ root / np.linalg.norm(update) / np.linalg.norm(root)
        trust = factor * max(cosine, 0.0)
        top += trust * update * np.linalg.norm(root) / np.linalg.norm(update)
        below += trust
    found, shares = fltrust(updates, root, factors)
    if below == 0:
        assert not found.any()
        assert not shares.any()
        return
    np.testing.assert_allclose(found, top / below, rtol=1e-10)
    np.testing.assert_allclose(shares.sum(), 1.0)


@given(st.integers(0, 1000), st.floats(1e-30, 1e30))
def test_how_long_an_update_is_does_not_matter_and_the_servers_length_bounds_all(seed, scale):
    updates, root, factors = drawn(seed)
    found, shares = fltrust(updates, root, factors)
    updates[0] *= scale
    again, shares_again = fltrust(updates, root, factors)
    np.testing.assert_allclose(again, found, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(shares_again, shares, atol=1e-12)
    assert np.linalg.norm(found) <= np.linalg.norm(root) * (1 + 1e-12)


def test_who_goes_the_other_way_or_nowhere_has_no_share():
    updates = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 0.0], [0.0, 1.0]])
    found, shares = fltrust(updates, np.array([2.0, 0.0]), np.ones(4))
    np.testing.assert_array_equal(shares, [1.0, 0.0, 0.0, 0.0])
    np.testing.assert_array_equal(found, [2.0, 0.0])


@pytest.mark.parametrize("root", [[0.0, 0.0], [np.nan, 1.0], [np.inf, 1.0], [-1.0, 0.0]])
def test_a_server_that_knows_no_way_trusts_nobody(root):
    found, shares = fltrust(np.array([[1.0, 0.0], [3.0, 0.0]]), np.array(root), np.ones(2))
    assert not found.any()
    assert not shares.any()


@pytest.mark.parametrize("most", [3.4e38, 1e-45, 1.7e308])
def test_the_largest_and_the_smallest_numbers_are_of_some_direction(most):
    kind = np.float64 if most > 1e300 else np.float32
    unit, length = direction(np.full(4, most, kind))
    np.testing.assert_allclose(unit, 0.5)
    assert length == pytest.approx(2 * float(kind(most))) or length == np.inf
