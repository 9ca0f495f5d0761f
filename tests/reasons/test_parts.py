"""Shapley's value, by all orders in which factors may come to count."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anml_fl.reasons.parts import parts


@given(st.integers(1, 4), st.integers(0, 999))
def test_parts_are_what_factors_add_in_the_mean_of_all_orders(count, seed):
    rng = np.random.default_rng(seed)
    factors = "abcd"[:count]
    made = {}

    def shares_of(some):
        return made.setdefault(some, rng.random(3))

    found = parts(factors, shares_of)
    orders = list(permutations(factors))
    for one in factors:
        added = []
        for order in orders:
            before = frozenset(order[: order.index(one)])
            added.append(shares_of(before | {one}) - shares_of(before))
        np.testing.assert_allclose(found[one], np.mean(added, axis=0), atol=1e-12)
    whole, nothing = shares_of(frozenset(factors)), shares_of(frozenset())
    np.testing.assert_allclose(sum(found.values()), whole - nothing, atol=1e-12)


def test_without_factors_there_are_no_parts():
    assert parts((), lambda some: np.ones(2)) == {}


def test_of_factors_that_each_suffice_both_have_half():
    found = parts("ab", lambda some: np.array([1.0 if some else 0.0]))
    assert {name: part[0] for name, part in found.items()} == pytest.approx(
        {"a": 0.5, "b": 0.5}
    )
