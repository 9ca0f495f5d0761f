"""A game asks for a coalition once, many at a time, and says what is wrong with an answer."""

from __future__ import annotations

import numpy as np
import pytest

from anml_fl import Banzhaf, BetaShapley, Estimate, Game, PermutationShapley, estimate_values
from anml_fl.valuation.estimate import added


def test_coalitions_are_asked_for_once_and_in_batches():
    asked = []

    def worth(coalitions):
        asked.append(coalitions.copy())
        return coalitions.sum(axis=1)

    game = Game(["a", "b", "c"], worth, batch=3)
    first = estimate_values(game, "exact-shapley")
    assert [len(one) for one in asked] == [3, 3, 2]
    assert first.evaluations == game.evaluations == 8
    estimate_values(game, PermutationShapley(50))
    assert (
        len({row.tobytes() for row in np.concatenate(asked)})
        == 8
        == len(np.concatenate(asked))
    )


@pytest.mark.parametrize(
    ("worth", "message"),
    [
        (
            lambda c: [1.0],
            r"one number, or one row of them, for each of 4 coalitions, got \(1,",
        ),
        (lambda c: np.where(c.all(axis=1), np.nan, 0), "finite, got another of .'a', 'b'"),
        (lambda c: np.where(c.any(axis=1), 0, np.inf), "finite, got another of nobody"),
        (lambda c: ["x"] * len(c), "worth must be real numbers"),
        (lambda c: np.zeros((len(c), 0)), r"got \(4, 0\)"),
    ],
)
def test_a_worth_that_is_none_is_named(worth, message):
    with pytest.raises(ValueError, match=message):
        estimate_values(Game(["a", "b"], worth), "exact-shapley")


def test_rows_must_stay_as_many():
    widths = iter([2, 3])
    game = Game(["a", "b"], lambda c: np.zeros((len(c), next(widths))), batch=3)
    with pytest.raises(ValueError, match="got 3 after 2"):
        estimate_values(game, "exact-shapley")


@pytest.mark.parametrize(
    ("players", "message"),
    [
        ([], "needs a player"),
        ("abc", "got one text, 'abc'"),
        (["a", "b", "a"], "got 'a' twice"),
    ],
)
def test_players_are_names_each_once(players, message):
    with pytest.raises(ValueError, match=message):
        Game(players, lambda c: c.sum(axis=1))


def test_coalitions_of_others_are_refused():
    game = Game(["a", "b"], lambda c: c.sum(axis=1))
    with pytest.raises(ValueError, match=r"must be \(m, 2\) bool, got \(1, 3\) bool"):
        game(np.ones((1, 3), dtype=bool))
    with pytest.raises(ValueError, match="float64"):
        game(np.ones((1, 2)))
    with pytest.raises(ValueError, match="batch must be >= 1"):
        Game(["a"], lambda c: c.sum(axis=1), batch=0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: PermutationShapley(1), "permutations must be >= 2, got 1"),
        (lambda: Banzhaf(pairs=0), "pairs must be >= 2, got 0"),
        (lambda: BetaShapley(0.5, 1), "alpha must lie in"),
        (lambda: BetaShapley(1, float("nan")), "beta must lie in"),
        (lambda: "shapely", "must be one of exact-shapley.*got 'shapely'"),
    ],
)
def test_settings_out_of_range_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        estimate_values(Game(["a", "b"], lambda c: c.sum(axis=1)), make())


def test_a_seed_gives_the_same_and_another_gives_another():
    def values(seed):
        table = np.random.default_rng(0).normal(size=64)
        game = Game([*"abcdef"], lambda c: table[c @ (1 << np.arange(6))])
        return estimate_values(game, PermutationShapley(20), seed=seed)

    assert values(1) == values(1)
    assert values(1).values != values(2).values


def test_games_are_added_row_by_row():
    # Two rounds on the same rows that undo each other: no error is left, whatever each had.
    rows = np.array([[1.0, -1.0, 3.0]])
    one = Estimate(("a",), (1.0,), (0.0,), 2, by_row=rows)
    two = Estimate(("a",), (-1.0,), (0.0,), 2, by_row=-rows)
    assert one.errors == pytest.approx((rows.std(ddof=1) / 3**0.5,))
    assert added([one, two], ["a"]).errors == (0.0,)
    assert added([one, one], ["a"]).errors == pytest.approx((2 * one.errors[0],))
    with pytest.raises(ValueError, match="'a' is not among the players"):
        added([one], ["b"])
    with pytest.raises(ValueError, match=r"on the same rows, got \[0, 3\]"):
        added([one, Estimate(("a",), (1.0,), (0.0,), 2)], ["a"])


@pytest.mark.parametrize("confidence", [0, 1, -0.5, 2])
def test_a_confidence_lies_between_0_and_1(confidence):
    with pytest.raises(ValueError, match="confidence must lie"):
        Estimate(("a",), (1.0,), (0.5,), 8).intervals(confidence)
