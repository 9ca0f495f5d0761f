"""Shapley values against closed forms, brute force over orders, and their axioms."""

from __future__ import annotations

from itertools import permutations
from math import factorial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from anml_fl.method.shapley import exact_shapley, leave_one_out


def table_game(table):
    """Any game, from its utilities in binary order; nobody has the first."""
    table = np.asarray(table, dtype=float)
    return lambda c: table[c @ (1 << np.arange(c.shape[1]))]


def games(n):
    return arrays(float, 2**n, elements=st.floats(-1, 1))


@pytest.mark.parametrize("n", [1, 2, 5, 12])
def test_additive_game_gives_each_its_own_worth(n):
    worth = np.random.default_rng(n).normal(size=n)
    np.testing.assert_allclose(exact_shapley(lambda c: c @ worth, n).values, worth, atol=1e-12)
    np.testing.assert_allclose(leave_one_out(lambda c: c @ worth, n).values, worth, atol=1e-12)


@pytest.mark.parametrize("n", [1, 2, 4, 9])
def test_airport_game_shares_each_stretch_among_those_who_need_it(n):
    # Littlechild and Owen 1973: a stretch of the runway is shared by whoever is as long.
    costs = np.sort(np.random.default_rng(n).uniform(1, 9, n))
    expected = np.cumsum(np.diff(costs, prepend=0) / np.arange(n, 0, -1))
    found = exact_shapley(lambda c: (c * costs).max(axis=1), n)
    np.testing.assert_allclose(found.values, expected, atol=1e-12)


@pytest.mark.parametrize(
    ("left", "right"), [(1, 1), (1, 2), (1, 5), (2, 3), (3, 3), (3, 5), (4, 7)]
)
def test_glove_game_pays_the_scarce_side(left, right):
    # Shapley and Shubik 1969, "Pure competition, coalitional power, and fair division".
    scarce = 0.5 + (right - left) / (2 * left) * sum(
        factorial(left) * factorial(right) / (factorial(left - k) * factorial(right + k))
        for k in range(1, left + 1)
    )
    expected = [scarce] * left + [left * (1 - scarce) / right] * right
    found = exact_shapley(
        lambda c: np.minimum(c[:, :left].sum(axis=1), c[:, left:].sum(axis=1)), left + right
    )
    np.testing.assert_allclose(found.values, expected, atol=1e-12)


@pytest.mark.parametrize("n", [3, 4, 8])
def test_apex_game_pays_the_apex(n):
    # A majority game with weights n - 2, 1, ..., 1 and quota n - 1.
    weights = np.array([n - 2, *[1] * (n - 1)])
    expected = [(n - 2) / n, *[2 / (n * (n - 1))] * (n - 1)]
    found = exact_shapley(lambda c: c @ weights >= n - 1, n)
    np.testing.assert_allclose(found.values, expected, atol=1e-12)


@pytest.mark.parametrize("quota", [1, 4, 7])
def test_symmetric_voting_pays_everyone_alike(quota):
    found = exact_shapley(lambda c: c.sum(axis=1) >= quota, 7)
    np.testing.assert_allclose(found.values, np.full(7, 1 / 7), atol=1e-12)


@given(st.data(), st.integers(1, 7))
def test_every_game_is_the_sum_of_its_dividends_shared_evenly(data, n):
    # Harsanyi 1959: a dividend for each coalition goes in equal parts to its members.
    masks = (np.arange(2**n)[:, None] >> np.arange(n) & 1).astype(bool)
    dividends = data.draw(games(n))
    dividends[0] = 0
    expected = (masks * (dividends / np.maximum(masks.sum(axis=1), 1))[:, None]).sum(axis=0)

    def utility(coalitions):
        inside = (coalitions[:, None, :] | ~masks[None, :, :]).all(axis=2)
        return inside @ dividends

    np.testing.assert_allclose(exact_shapley(utility, n).values, expected, atol=1e-12)


@given(st.data(), st.integers(1, 5))
def test_value_is_the_mean_marginal_contribution_over_all_orders(data, n):
    table = data.draw(games(n))
    marginals = np.zeros((factorial(n), n))
    for row, order in zip(marginals, permutations(range(n)), strict=True):
        so_far = 0
        for player in order:
            row[player] = table[so_far | 1 << player] - table[so_far]
            so_far |= 1 << player
    found = exact_shapley(table_game(table), n)
    np.testing.assert_allclose(found.values, marginals.mean(axis=0), atol=1e-12)
    assert found.evaluations == 2**n


@given(games(5), games(5), st.floats(-3, 3))
def test_values_are_efficient_and_linear(one, other, factor):
    first, second = exact_shapley(table_game(one), 5), exact_shapley(table_game(other), 5)
    assert first.values.sum() == pytest.approx(one[-1] - one[0], abs=1e-9)
    both = exact_shapley(table_game(one + factor * other), 5).values
    np.testing.assert_allclose(both, first.values + factor * second.values, atol=1e-9)


@given(games(4), st.permutations(range(4)))
def test_values_follow_the_players_and_a_stranger_changes_nothing(table, names):
    game = table_game(table)
    values = exact_shapley(game, 4).values
    renamed = exact_shapley(lambda c: game(c[:, names]), 4).values
    np.testing.assert_allclose(renamed[names], values, atol=1e-12)
    # A fifth player who adds nothing gets nothing, and takes nothing from the others.
    with_null = exact_shapley(lambda c: game(c[:, :4]), 5).values
    np.testing.assert_allclose(with_null, [*values, 0], atol=1e-12)


@given(games(4))
def test_leaving_one_out_compares_with_everyone(table):
    found = leave_one_out(table_game(table), 4)
    expected = [table[15] - table[15 - 2**i] for i in range(4)]
    np.testing.assert_array_equal(found.values, expected)
    assert found.evaluations == 5


def test_too_many_players_are_sent_to_sampling():
    with pytest.raises(ValueError, match=r"n must be <= 16: 17 players form 2\^17 .*gtg_shap"):
        exact_shapley(lambda c: c.sum(axis=1), 17)


@pytest.mark.parametrize("value", [exact_shapley, leave_one_out])
def test_games_that_are_none_are_refused(value):
    with pytest.raises(ValueError, match="n must be >= 1"):
        value(lambda c: c.sum(axis=1), 0)
    with pytest.raises(ValueError, match=r"n must be >= 0 and whole, got 1\.5"):
        value(lambda c: c.sum(axis=1), 1.5)
    with pytest.raises(ValueError, match=r"finite, got nan for players \[0, 1\]"):
        value(lambda c: np.where(c.all(axis=1), np.nan, 0.0), 2)
    with pytest.raises(ValueError, match=r"one number for each of \d+ coalitions, got 1"):
        value(lambda c: [1.0], 3)
