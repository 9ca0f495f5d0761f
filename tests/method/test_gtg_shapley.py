"""GTG-Shapley against closed forms, and against itself written out plainly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from anml_fl.method.gtg_shapley import gtg_shapley

GLOVES = np.array([True, True, False, False, False, False])
COSTS = np.array([1.0, 2.0, 3.0, 5.0, 8.0, 13.0])
TOYS = {
    "airport": (
        lambda c: (c * COSTS).max(axis=1),
        np.cumsum(np.diff(COSTS, prepend=0) / np.arange(6, 0, -1)),
    ),
    # Two left gloves and four right ones: 1/2 + 1/2 (2/5 + 1/15), by Shapley and Shubik.
    "gloves": (
        lambda c: np.minimum(c[:, GLOVES].sum(axis=1), c[:, ~GLOVES].sum(axis=1)),
        np.where(GLOVES, 11 / 15, 2 / 15),
    ),
    "unanimity": (lambda c: c[:, :3].all(axis=1), np.array([1, 1, 1, 0, 0, 0]) / 3),
    "apex": (
        lambda c: c @ [4, 1, 1, 1, 1, 1] >= 5,
        np.array([2 / 3, *[1 / 15] * 5]),
    ),
    "majority": (lambda c: c.sum(axis=1) >= 4, np.full(6, 1 / 6)),
    "harm": (lambda c: c @ [3.0, 1, 1, 1, 1, -2], np.array([3.0, 1, 1, 1, 1, -2])),
}


def rng(seed=0):
    return np.random.default_rng(seed)


def table_game(table):
    return lambda c: table[c @ (1 << np.arange(c.shape[1]))]


def games(n, low=-1.0):
    return arrays(float, 2**n, elements=st.floats(low, 1))


def counted(utility):
    """Keep every coalition that is asked for."""
    asked = []

    def call(coalitions):
        asked.extend(map(tuple, coalitions))
        return utility(coalitions)

    return call, asked


@pytest.mark.parametrize("name", TOYS)
def test_toy_games_come_within_three_percent(name):
    utility, expected = TOYS[name]
    found = gtg_shapley(
        utility, 6, rng(), tolerance=0, convergence=0.001, max_permutations=6000
    )
    # The standard error of a mean over thousands of orders is some 1 % of what is shared.
    assert np.abs(found.values - expected).max() <= 0.03 * np.abs(expected).sum()


@pytest.mark.parametrize("name", TOYS)
def test_the_papers_criterion_stops_early_and_within_a_seventh(name):
    utility, expected = TOYS[name]
    for seed in range(20):
        found = gtg_shapley(utility, 6, rng(seed))
        assert found.converged
        assert 30 <= found.permutations <= 150
        assert np.abs(found.values - expected).max() <= np.abs(expected).sum() / 7


def test_truncation_can_hide_harm_and_no_sampling_brings_it_back():
    # An order that the 2 leads ends there, as good as everyone together; in the other
    # four of six each gets what it is worth.
    worth = np.array([2.0, 1.0, -1.0])
    found = gtg_shapley(lambda c: c @ worth, 3, rng(), convergence=0, max_permutations=9000)
    np.testing.assert_allclose(found.values, [2, 1 * 2 / 3, -1 * 2 / 3], atol=0.02)


@given(games(4), st.integers(0, 99), st.sampled_from([0.0, 0.1, 0.5]))
def test_it_is_the_algorithm_written_out_plainly(table, seed, tolerance):
    """One order after the other, without batches or a cache."""
    orders, chance = [], rng(seed)
    for _ in range(3):
        for leader in range(4):
            others = [player for player in range(4) if player != leader]
            orders.append([leader, *chance.permutation(others)])
    total = np.zeros(4)
    for order in orders:
        so_far = 0
        for player in order:
            if tolerance and abs(table[15] - table[so_far]) < tolerance:
                break
            total[player] += table[so_far | 1 << player] - table[so_far]
            so_far |= 1 << player
    expected = total / 12 if abs(table[15] - table[0]) > 0.05 else np.zeros(4)
    found = gtg_shapley(
        table_game(table),
        4,
        rng(seed),
        round_tolerance=0.05,
        tolerance=tolerance,
        max_permutations=12,
    )
    np.testing.assert_allclose(found.values, expected, atol=1e-12)


@given(games(5), st.integers(0, 99), st.floats(0, 1), st.floats(0, 1))
def test_values_sum_up_to_within_the_tolerances(table, seed, tolerance, round_tolerance):
    found = gtg_shapley(
        table_game(table), 5, rng(seed),
        tolerance=tolerance, round_tolerance=round_tolerance, max_permutations=10,
    )  # fmt: skip
    missing = abs(found.values.sum() - (table[-1] - table[0]))
    assert missing <= (tolerance if found.permutations else round_tolerance) + 1e-9


@given(games(5, low=0.0), st.integers(0, 99), st.floats(0, 3))
def test_truncation_takes_at_most_the_tolerance_where_nobody_does_harm(
    dividends, seed, tolerance
):
    masks = (np.arange(32)[:, None] >> np.arange(5) & 1).astype(bool)
    table = ((masks[:, None, :] | ~masks[None, :, :]).all(axis=2)) @ dividends
    whole, cut, round_cut = (
        gtg_shapley(table_game(table), 5, rng(seed), max_permutations=10, **settings).values
        for settings in (
            {"tolerance": 0, "round_tolerance": 0},
            {"tolerance": tolerance, "round_tolerance": 0},
            {"tolerance": 0, "round_tolerance": tolerance},
        )
    )
    for truncated in (cut, round_cut):
        assert (whole - truncated).max() <= tolerance + 1e-9
        assert (whole - truncated).min() >= -1e-9


@given(games(5), st.integers(0, 99))
def test_no_coalition_is_asked_for_twice(table, seed):
    utility, asked = counted(table_game(table))
    found = gtg_shapley(utility, 5, rng(seed), max_permutations=50)
    assert len(asked) == len(set(asked)) == found.evaluations <= 32


def test_every_player_leads_as_often():
    # Who comes first gets all: equal to the last bit only if each leads once a turn.
    found = gtg_shapley(lambda c: c.any(axis=1), 7, rng(3), max_permutations=7)
    assert found.values.tolist() == [1 / 7] * 7
    assert found.evaluations == 9  # nobody, everyone, and each alone: the rest is truncated


def test_a_round_that_moves_nothing_costs_two_evaluations():
    found = gtg_shapley(lambda c: 0.01 * c[:, 0], 9, rng(), round_tolerance=0.01)
    assert (found.values.tolist(), found.evaluations, found.permutations) == ([0.0] * 9, 2, 0)
    assert gtg_shapley(lambda c: 0.011 * c[:, 0], 9, rng()).evaluations > 2


def test_it_stops_when_the_estimates_stand_still_and_says_if_they_do_not():
    additive = gtg_shapley(lambda c: c @ np.arange(1.0, 6.0), 5, rng(), tolerance=0)
    assert (additive.permutations, additive.converged) == (30, True)
    restless = gtg_shapley(
        lambda c: c.sum(axis=1) >= 3, 5, rng(), convergence=0, max_permutations=42
    )
    assert (restless.permutations, restless.converged) == (45, False)


def test_a_game_too_large_for_all_coalitions_is_sampled():
    worth = np.linspace(-1, 2, 40)
    utility, asked = counted(lambda c: c @ worth)
    found = gtg_shapley(utility, 40, rng(), tolerance=0)
    np.testing.assert_allclose(found.values, worth, atol=1e-9)
    assert found.evaluations == len(asked) <= 40 * 40 + 2


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"n": 0}, "n must be >= 1"),
        ({"tolerance": -0.1}, "tolerance must lie in"),
        ({"round_tolerance": np.nan}, "round_tolerance must lie in"),
        ({"convergence": -1}, "convergence must lie in"),
        ({"max_permutations": 0}, "max_permutations must be >= 1"),
        ({"max_permutations": 1.5}, "max_permutations must be >= 0 and whole"),
    ],
)
def test_settings_out_of_range_are_refused(settings, said):
    settings = {"n": 3, **settings}
    with pytest.raises(ValueError, match=said):
        gtg_shapley(lambda c: c.sum(axis=1), settings.pop("n"), rng(), **settings)
