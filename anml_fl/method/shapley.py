"""What each player adds to a game: the exact Shapley value, and leaving one out.

A game is a function of coalitions: (m, n) bool, a row a coalition, to (m,) utilities. Many
are asked for at once, so that whoever evaluates can batch.

Shapley 1953, "A Value for n-Person Games".
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.checks import count, vector

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    Utility = Callable[[NDArray[np.bool_]], ArrayLike]

MOST_EXACT = 16
"""Players up to which all coalitions are evaluated: 65,536 of them."""


@dataclass(frozen=True, slots=True)
class Valuation:
    """What an estimator found.

    Parameters
    ----------
    values : (n,) float64
        One a player, in the utility's unit.
    evaluations : int
        Coalitions whose utility was asked for, each counted once.
    permutations : int
        Orders that were sampled; 0 where nothing is sampled.
    converged : bool
        False if sampling ended at its limit.
    """

    values: NDArray[np.float64]
    evaluations: int
    permutations: int = 0
    converged: bool = True


def exact_shapley(utility: Utility, n: int) -> Valuation:
    """Average a player's marginal contribution over all orders: the Shapley value.

    phi_i is the sum over coalitions S without i of |S|! (n - |S| - 1)! / n! times
    U(S with i) - U(S).

    Parameters
    ----------
    utility : callable
        (m, n) bool to (m,) finite utilities; called once, with all 2^n coalitions.
    n : int
        Players, in [1, 16].

    Returns
    -------
    Valuation
        The values sum to U(everyone) - U(nobody).

    Raises
    ------
    ValueError
        If there are too many players, or a utility is not a finite number.

    Examples
    --------
    >>> exact_shapley(lambda coalitions: coalitions.all(axis=1), 4).values
    array([0.25, 0.25, 0.25, 0.25])
    """
    n = players(n)
    if n > MOST_EXACT:
        raise ValueError(
            f"n must be <= {MOST_EXACT}: {n} players form 2^{n} coalitions; use gtg_shapley"
        )
    numbers = np.arange(2**n)
    coalitions = (numbers[:, None] >> np.arange(n) & 1).astype(bool)
    utilities = evaluate(utility, coalitions)
    sizes = coalitions.sum(axis=1)
    weights = np.array([1 / (n * comb(n - 1, size)) for size in range(n)])
    values = np.empty(n)
    for i in range(n):
        without = numbers[~coalitions[:, i]]
        gains = utilities[without | 1 << i] - utilities[without]
        values[i] = weights[sizes[without]] @ gains
    return Valuation(values, len(coalitions))


def leave_one_out(utility: Utility, n: int) -> Valuation:
    """Say what the others lose without a player: U(everyone) - U(everyone but i).

    Parameters
    ----------
    utility : callable
        (m, n) bool to (m,) finite utilities; called once, with n + 1 coalitions.
    n : int
        Players, >= 1.

    Returns
    -------
    Valuation
        The values need not sum to anything: of two players who can stand for each
        other, each gets 0.

    Raises
    ------
    ValueError
        If there is no player, or a utility is not a finite number.

    Examples
    --------
    >>> leave_one_out(lambda coalitions: coalitions.any(axis=1), 2).values
    array([0., 0.])
    """
    n = players(n)
    coalitions = np.vstack([np.ones((1, n), dtype=bool), ~np.eye(n, dtype=bool)])
    utilities = evaluate(utility, coalitions)
    return Valuation(utilities[0] - utilities[1:], len(coalitions))


def players(n: object) -> int:
    """Return a number of players after checking that there is one.

    Raises
    ------
    ValueError

    Examples
    --------
    >>> players(0)
    Traceback (most recent call last):
    ValueError: n must be >= 1: a game needs a player
    """
    if (checked := count("n", n)) < 1:
        raise ValueError("n must be >= 1: a game needs a player")
    return checked


def evaluate(utility: Utility, coalitions: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Ask for utilities, and check that the answer is one finite number a coalition.

    Parameters
    ----------
    utility : callable
    coalitions : (m, n) bool

    Returns
    -------
    (m,) float64

    Raises
    ------
    ValueError
        Naming the first coalition without a finite utility.

    Examples
    --------
    >>> evaluate(lambda coalitions: [0.5], np.ones((2, 3), dtype=bool))
    Traceback (most recent call last):
    ValueError: utility must return one number for each of 2 coalitions, got 1
    """
    utilities = vector("utility", utility(coalitions))
    if utilities.size != len(coalitions):
        raise ValueError(
            f"utility must return one number for each of {len(coalitions)} coalitions,"
            f" got {utilities.size}"
        )
    if not np.isfinite(utilities).all():
        first = int(np.flatnonzero(~np.isfinite(utilities))[0])
        raise ValueError(
            f"utility must be finite, got {utilities[first]} for players"
            f" {np.flatnonzero(coalitions[first]).tolist()}"
        )
    return utilities
