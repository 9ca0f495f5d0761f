"""Values of games against closed forms, brute force over orders, and their axioms."""

from __future__ import annotations

from itertools import permutations
from math import comb, factorial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from anml_fl import (
    Banzhaf,
    BetaShapley,
    ExactShapley,
    Game,
    GtgShapley,
    LeaveOneOut,
    PermutationShapley,
    estimate_values,
    exact_shapley,
)
from anml_fl.valuation.semivalues import beta_sizes, shapley_sizes

EXACT = (ExactShapley(), Banzhaf(), BetaShapley(4, 1), BetaShapley(1, 8))
SAMPLED = (PermutationShapley(400), Banzhaf(pairs=400), BetaShapley(4, 1, 400))


def names(n):
    return [f"p{i}" for i in range(n)]


def table_game(table):
    """Any game, from its worths in binary order; nobody has the first."""
    table = np.asarray(table, dtype=float)
    n = int(np.log2(len(table)))
    return Game(names(n), lambda c: table[c @ (1 << np.arange(n))])


def games(n):
    return arrays(float, 2**n, elements=st.floats(-1, 1))


def by_orders(table, weight):
    """Brute force: mean gains over all orders, weighed by how many came before."""
    n = int(np.log2(len(table)))
    values = np.zeros(n)
    for order in permutations(range(n)):
        mask = 0
        for place, i in enumerate(order):
            values[i] += weight(place) * (table[mask | 1 << i] - table[mask])
            mask |= 1 << i
    return values / factorial(n)


@pytest.mark.parametrize("estimator", [*EXACT, *SAMPLED, LeaveOneOut()])
def test_in_an_additive_game_each_gets_its_own_or_an_estimate_of_it(estimator):
    worth = np.array([0.5, -0.25, 0.0, 2.0, 1.0])
    found = estimate_values(Game(names(5), lambda c: c @ worth), estimator)
    off = np.abs(np.array(found.values) - worth)
    assert (off <= 4 * np.array(found.errors) + 1e-12).all()
    if not isinstance(estimator, Banzhaf | BetaShapley):
        assert off.max() <= 1e-12


def test_gloves_give_the_owner_of_the_rare_one_two_thirds():
    gloves = Game.of_sets(["L", "R", "S"], lambda who: "L" in who and len(who) > 1)
    shapley = estimate_values(gloves, "exact-shapley")
    assert shapley["L"] == pytest.approx(2 / 3)
    assert shapley["R"] == shapley["S"] == pytest.approx(1 / 6)
    # L joins with 3 of the 4 coalitions of the others, each of these with 1 of 4.
    assert estimate_values(gloves, "banzhaf").values == pytest.approx((3 / 4, 1 / 4, 1 / 4))
    assert estimate_values(gloves, "leave-one-out").values == (1.0, 0.0, 0.0)


@pytest.mark.parametrize("n", [1, 2, 4, 9])
def test_airport_shares_each_stretch_among_those_who_need_it(n):
    # Littlechild and Owen 1973: a stretch of the runway is shared by whoever is as long.
    costs = np.sort(np.random.default_rng(n).uniform(1, 9, n))
    expected = np.cumsum(np.diff(costs, prepend=0) / np.arange(n, 0, -1))
    game = Game(names(n), lambda c: (c * costs).max(axis=1))
    assert estimate_values(game, "exact-shapley").values == pytest.approx(expected)
    found = estimate_values(game, PermutationShapley(500))
    low_high = np.array(list(found.intervals(0.9999).values()))
    assert (low_high[:, 0] <= expected + 1e-9).all()
    assert (expected - 1e-9 <= low_high[:, 1]).all()


@pytest.mark.parametrize("n", [1, 3, 7])
def test_the_majority_game_pays_all_alike_and_banzhaf_by_the_swings(n):
    game = Game(names(n), lambda c: c.sum(axis=1) > n / 2)
    assert estimate_values(game, "exact-shapley").values == pytest.approx([1 / n] * n)
    swings = comb(n - 1, n // 2) / 2 ** (n - 1)
    assert estimate_values(game, "banzhaf").values == pytest.approx([swings] * n)


@given(games(4), st.floats(1, 20), st.floats(1, 20))
@settings(max_examples=25, deadline=None)
def test_semivalues_are_means_over_orders(table, alpha, beta):
    n = 4
    shapley = estimate_values(table_game(table), "exact-shapley")
    assert shapley.values == pytest.approx(by_orders(table, lambda _: 1.0), abs=1e-9)
    sizes = n * beta_sizes(n, alpha, beta)
    found = estimate_values(table_game(table), BetaShapley(alpha, beta))
    assert found.values == pytest.approx(by_orders(table, lambda s: sizes[s]), abs=1e-9)
    banzhaf = by_orders(table, lambda s: n * comb(n - 1, s) / 2 ** (n - 1))
    assert estimate_values(table_game(table), "banzhaf").values == pytest.approx(
        banzhaf, abs=1e-9
    )


@given(games(4), games(4), st.floats(-3, 3))
@settings(max_examples=30, deadline=None)
def test_the_axioms_hold(one, two, factor):
    for estimator in (*EXACT, PermutationShapley(5), Banzhaf(5), BetaShapley(2, 3, 5)):
        first, second, both, swapped = (
            np.array(estimate_values(table_game(table), estimator).values)
            for table in (one, two, one + factor * two, _swapped(one))
        )
        # Linearity, and with the same seed also where coalitions are sampled.
        np.testing.assert_allclose(both, first + factor * second, atol=1e-9)
        if estimator in EXACT:  # symmetry: players that change places change values
            np.testing.assert_allclose(swapped, first[[1, 0, 2, 3]], atol=1e-9)
    for estimator in (ExactShapley(), PermutationShapley(5)):  # efficiency
        values = estimate_values(table_game(one), estimator).values
        assert sum(values) == pytest.approx(one[-1] - one[0], abs=1e-9)


@given(games(3), st.floats(-1, 1))
@settings(max_examples=30, deadline=None)
def test_a_dummy_gets_what_it_is_worth_alone(table, alone):
    with_dummy = np.concatenate([table, table + alone])
    for estimator in (*EXACT, PermutationShapley(5), LeaveOneOut()):
        found = estimate_values(table_game(with_dummy), estimator)
        assert found["p3"] == pytest.approx(alone, abs=1e-9)
        assert found.sampling_errors[3] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("estimator", SAMPLED)
def test_the_standard_error_is_the_spread_over_seeds_and_the_mean_is_right(estimator):
    table = np.random.default_rng(5).normal(size=2**5)
    exact = {
        "permutation-shapley": ExactShapley(),
        "banzhaf": Banzhaf(),
        "beta-shapley": BetaShapley(4, 1),
    }[estimator.name]
    right = np.array(estimate_values(table_game(table), exact).values)
    found = [estimate_values(table_game(table), estimator, seed=seed) for seed in range(60)]
    values = np.array([one.values for one in found])
    said = np.array([one.sampling_errors for one in found]).mean(axis=0)
    # 60 draws tell a standard deviation to 10 %, a mean to 0.13 of it.
    np.testing.assert_allclose(values.std(axis=0, ddof=1), said, rtol=0.4)
    assert (np.abs(values.mean(axis=0) - right) < 4 * said / 60**0.5).all()


def test_the_error_of_rows_is_that_of_a_mean_over_them():
    rows = np.random.default_rng(1).normal(size=(3, 400))
    game = Game(names(3), lambda c: c @ rows)
    for estimator in (ExactShapley(), PermutationShapley(9), LeaveOneOut()):
        found = estimate_values(game, estimator)
        assert found.values == pytest.approx(rows.mean(axis=1), abs=1e-12)
        assert found.errors == pytest.approx(rows.std(axis=1, ddof=1) / 20, abs=1e-12)


def test_rows_change_no_value():
    table = np.random.default_rng(2).normal(size=(2**4, 30))
    by_row = Game(names(4), lambda c: table[c @ (1 << np.arange(4))])
    for name in ("exact-shapley", "permutation-shapley", "banzhaf", "gtg-shapley"):
        whole = estimate_values(table_game(table.mean(axis=1)), name)
        assert estimate_values(by_row, name).values == pytest.approx(whole.values, abs=1e-12)


def test_gtg_states_no_error_and_agrees_with_the_exact_values():
    worth = np.array([0.1, 0.2, 0.4])
    found = estimate_values(Game(names(3), lambda c: c @ worth), GtgShapley())
    assert found.values == pytest.approx(worth)
    assert np.isnan(found.errors).all()


def test_large_numbers_of_players_are_sampled_and_refused_exactly():
    game = Game(names(40), lambda c: c.mean(axis=1))
    found = estimate_values(game, PermutationShapley(30))
    assert found.values == pytest.approx([1 / 40] * 40)
    with pytest.raises(ValueError, match="40 players form 2\\^40 coalitions"):
        estimate_values(game, "exact-shapley")


@pytest.mark.parametrize("n", [1, 2, 7, 16])
@pytest.mark.parametrize(("alpha", "beta"), [(1, 1), (16, 1), (1, 4), (2.5, 3.5)])
def test_sizes_are_a_distribution_and_shapley_is_beta_one_one(n, alpha, beta):
    sizes = beta_sizes(n, alpha, beta)
    assert sizes.sum() == pytest.approx(1)
    assert (sizes > 0).all()
    np.testing.assert_allclose(beta_sizes(n, 1, 1), shapley_sizes(n))


@pytest.mark.parametrize("alpha", [1e3, 1e6])
def test_however_large_alpha_is_an_additive_game_gives_what_each_adds(alpha):
    game = Game(names(3), lambda c: c @ np.array([1.0, 2.0, 3.0]))
    found = estimate_values(game, BetaShapley(alpha)).values
    assert found == pytest.approx((1, 2, 3), rel=1e-9)
    with pytest.raises(ValueError, match="alpha"):
        BetaShapley(10 * 1e6)


def test_a_seed_is_whole_and_coalitions_are_not_to_be_written_into():
    game = Game(names(2), lambda c: c.sum(axis=1))
    with pytest.raises(ValueError, match=r"seed must be >= 0 and whole, got 1\.5"):
        estimate_values(game, seed=1.5)

    def spoiling(coalitions):
        coalitions[:] = False
        return coalitions.sum(axis=1)

    with pytest.raises(ValueError, match="read-only"):
        estimate_values(Game(names(2), spoiling), "exact-shapley")


def test_a_game_works_in_the_functions_of_the_method_too():
    game = Game(names(3), lambda c: c.all(axis=1))
    np.testing.assert_allclose(exact_shapley(game, 3).values, [1 / 3] * 3)


def _swapped(table):
    """The same game with its first two players in each other's place."""
    masks = np.arange(len(table))
    return table[(masks & ~3) | (masks & 1) << 1 | (masks & 2) >> 1]
