"""Semivalues: mean marginal contributions, by how much each size of coalition counts.

Dubey, Neyman and Weber 1981, "Value Theory without Efficiency". With p_s for a coalition of
s others, value_i is the sum over coalitions S without i of p_|S| (U(S with i) - U(S)), and
the sum over s of C(n-1, s) p_s is 1. Here w_s = C(n-1, s) p_s.
"""

from __future__ import annotations

from math import comb, lgamma
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.checks import count
from anml_fl.method.shapley import MOST_EXACT
from anml_fl.valuation.estimate import Estimate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anml_fl.valuation.game import Game

_CHUNK = 64  # permutations whose marginal contributions are held at once


def shapley_sizes(n: int) -> NDArray[np.float64]:
    """Let all sizes count alike: Shapley 1953.

    Examples
    --------
    >>> shapley_sizes(4)
    array([0.25, 0.25, 0.25, 0.25])
    """
    return np.full(n, 1 / n)


def banzhaf_sizes(n: int) -> NDArray[np.float64]:
    """Let all coalitions count alike: Banzhaf 1965; Wang and Jia 2023, "Data Banzhaf".

    Examples
    --------
    >>> banzhaf_sizes(3)
    array([0.25, 0.5 , 0.25])
    """
    return np.array([comb(n - 1, s) / 2 ** (n - 1) for s in range(n)])


def beta_sizes(n: int, alpha: float, beta: float) -> NDArray[np.float64]:
    """Let sizes count by a beta-binomial: Kwon and Zou 2022, "Beta Shapley".

    Parameters
    ----------
    n : int
        Players, >= 1.
    alpha, beta : float
        >= 1: with a larger alpha small coalitions count more, with a larger beta large ones;
        (1, 1) is Shapley's.

    Examples
    --------
    >>> beta_sizes(3, 4, 1).round(3)
    array([0.667, 0.267, 0.067])
    """

    # Of sums of logarithms: differences of lgamma lose all digits where alpha is large.
    def rising(x: float) -> NDArray[np.float64]:
        logs = np.log(x + np.arange(n - 1))
        return np.concatenate(([0.0], np.cumsum(logs)))

    sizes = np.arange(n)
    ways = np.array([lgamma(n) - lgamma(s + 1) - lgamma(n - s) for s in range(n)])
    logs = ways + rising(beta)[sizes] + rising(alpha)[n - 1 - sizes] - rising(alpha + beta)[-1]
    counted = np.exp(logs)
    shares: NDArray[np.float64] = counted / counted.sum()
    return shares


def exact(game: Game, sizes: NDArray[np.float64]) -> Estimate:
    """Average over all coalitions.

    Parameters
    ----------
    game : Game
        Of at most 16 players.
    sizes : (n,) float64
        w_s.

    Raises
    ------
    ValueError
        If there are too many players.

    Examples
    --------
    >>> from anml_fl.valuation.game import Game
    >>> exact(Game(["a", "b"], lambda c: c @ [1.0, 3.0]), shapley_sizes(2)).values
    (1.0, 3.0)
    """
    n = len(game)
    if n > MOST_EXACT:
        raise ValueError(
            f"{n} players form 2^{n} coalitions, too many to ask for: at most {MOST_EXACT}"
            " players can be valued exactly; more by sampling, as with PermutationShapley"
        )
    numbers = np.arange(2**n)
    coalitions = (numbers[:, None] >> np.arange(n) & 1).astype(bool)
    rows = game.rows(coalitions)
    means, size = rows.mean(axis=1), coalitions.sum(axis=1)
    each = np.array([weight / comb(n - 1, s) for s, weight in enumerate(sizes)])
    values, by_row = np.empty(n), np.empty((n, rows.shape[1]))
    for i in range(n):
        without = numbers[~coalitions[:, i]]
        joined = without | 1 << i
        values[i] = each[size[without]] @ (means[joined] - means[without])
        by_row[i] = each[size[without]] @ (rows[joined] - rows[without])
    return _found(game, values, np.zeros(n), 0, by_row)


def sampled(
    game: Game, sizes: NDArray[np.float64], permutations: int, rng: np.random.Generator
) -> Estimate:
    """Average over orders drawn at random: Castro, Gomez and Tejada 2009.

    A player is as often behind any number of others, so that its marginal contribution
    behind s of them, times n w_s, has its value as expectation.

    Parameters
    ----------
    game : Game
    sizes : (n,) float64
        w_s.
    permutations : int
        >= 2.
    rng : numpy.random.Generator

    Raises
    ------
    ValueError
        If there are fewer than two permutations: one has no standard error.

    Examples
    --------
    >>> from anml_fl.valuation.game import Game
    >>> game = Game(["a", "b"], lambda c: c @ [1.0, 3.0])
    >>> found = sampled(game, shapley_sizes(2), 30, np.random.default_rng(0))
    >>> found.values, found.errors
    ((1.0, 3.0), (0.0, 0.0))
    """
    if count("permutations", permutations) < 2:
        raise ValueError(f"permutations must be >= 2, got {permutations}")
    n = len(game)
    by_row = np.zeros((n, game.rows(np.zeros((1, n), dtype=bool)).shape[1]))
    drawn = np.empty((permutations, n))
    for start in range(0, permutations, _CHUNK):
        many = min(_CHUNK, permutations - start)
        orders = np.array([rng.permutation(n) for _ in range(many)])
        places = np.argsort(orders, axis=1)
        # (order, length, player): the first `length` of the order.
        firsts = places[:, None, :] < np.arange(n + 1)[:, None]
        worth = game.rows(firsts.reshape(-1, n)).reshape(many, n + 1, -1)
        gains = np.diff(worth, axis=1) * (n * sizes)[:, None]
        of_player = np.take_along_axis(gains, places[:, :, None], axis=1)
        drawn[start : start + many] = of_player.mean(axis=2)
        by_row += of_player.sum(axis=0)
    errors = drawn.std(axis=0, ddof=1) / permutations**0.5
    return _found(game, drawn.mean(axis=0), errors, permutations, by_row / permutations)


def banzhaf_sampled(game: Game, pairs: int, rng: np.random.Generator) -> Estimate:
    """Average over coalitions drawn at random, each with its complement, for all players.

    A player is in one of the two, and its value is the expectation of how much more that one
    is worth: every coalition speaks of everybody, as in Wang and Jia's sample reuse.

    Parameters
    ----------
    game : Game
    pairs : int
        >= 2.
    rng : numpy.random.Generator

    Raises
    ------
    ValueError
        If there are fewer than two pairs.

    Examples
    --------
    >>> from anml_fl.valuation.game import Game
    >>> found = banzhaf_sampled(Game(["a"], lambda c: c[:, 0]), 30, np.random.default_rng(0))
    >>> found.values, found.errors
    ((1.0,), (0.0,))
    """
    if count("pairs", pairs) < 2:
        raise ValueError(f"pairs must be >= 2, got {pairs}")
    n = len(game)
    members = rng.random((pairs, n)) < 0.5
    more = game.rows(members) - game.rows(~members)
    signs = np.where(members, 1.0, -1.0)
    drawn = signs * more.mean(axis=1)[:, None]
    errors = drawn.std(axis=0, ddof=1) / pairs**0.5
    return _found(game, drawn.mean(axis=0), errors, pairs, signs.T @ more / pairs)


def _found(
    game: Game,
    values: NDArray[np.float64],
    errors: NDArray[np.float64],
    samples: int,
    by_row: NDArray[np.float64],
) -> Estimate:
    return Estimate(
        game.players,
        tuple(values.tolist()),
        tuple(errors.tolist()),
        game.evaluations,
        samples,
        by_row=by_row if by_row.shape[1] > 1 else None,
    )
