"""Shapley values from few evaluations: guided sampling of orders, cut short twice.

Liu, Chen, Yu, Liu and Cui 2022, "GTG-Shapley: Efficient and Accurate Participant
Contribution Evaluation in Federated Learning", ACM TIST 13(4), Algorithm 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.checks import count, number
from anml_fl.method.shapley import Valuation, evaluate, players

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anml_fl.method.shapley import Utility

# As in the paper: the estimates after these last permutations must agree, and there must
# have been this many.
_LAST = 10
_FEWEST = 30


def gtg_shapley(
    utility: Utility,
    n: int,
    rng: np.random.Generator,
    *,
    round_tolerance: float = 0.01,
    tolerance: float = 0.001,
    convergence: float = 0.05,
    max_permutations: int = 1000,
) -> Valuation:
    """Estimate Shapley values by guided truncation: GTG-Shapley, for one round's game.

    Guided: in every n permutations each player leads once, and the others follow at
    random, so that the early places, where marginal contributions are greatest, are
    sampled evenly. Truncated between rounds: if everyone together moves the utility by no
    more than `round_tolerance`, all values are 0. Truncated within a permutation: once the
    players so far come within `tolerance` of everyone's utility, the rest get 0 from it.

    The values sum to U(everyone) - U(nobody) to within `tolerance`; to within
    `round_tolerance` after truncation between rounds. If no player ever lowers the
    utility, truncation takes from each value no more than these, and adds nothing. Where
    one does harm there is no such bound: what follows a coalition that happens to be as
    good as everyone is lost, and more permutations do not bring it back.

    The criterion tells when estimates stand still, not that they are right. On toy games
    of six players it stops after 30 to 150 permutations, with values up to a seventh of
    all that is shared away from the truth (a twentieth on average); 3,000 permutations
    without truncation come within an eightieth.

    Unlike the authors' code, a utility that truncation stands in for is not kept as the
    coalition's own, and convergence is relative to the mean absolute value: relative to
    each value, a player who adds nothing would keep it from ever being reached.

    Parameters
    ----------
    utility : callable
        (m, n) bool to (m,) finite utilities; never asked for a coalition twice.
    n : int
        Players, >= 1.
    rng : numpy.random.Generator
    round_tolerance : float
        Truncation between rounds, >= 0, in the utility's unit.
    tolerance : float
        Truncation within a permutation, >= 0, in the utility's unit; 0 turns it off.
    convergence : float
        Stop once the estimates after the last 10 permutations differ from the last
        estimate by no more than this share of its mean absolute value, in the mean over
        players; >= 0.
    max_permutations : int
        Stop after this many, rounded up to whole turns of n; >= 1.

    Raises
    ------
    ValueError
        If a setting lies outside its range, or a utility is not a finite number.

    Examples
    --------
    >>> worth = np.array([0.1, 0.2, 0.4])
    >>> found = gtg_shapley(lambda c: c @ worth, 3, np.random.default_rng(0))
    >>> found.values.round(6), found.evaluations
    (array([0.1, 0.2, 0.4]), 8)
    """
    n = players(n)
    most = np.finfo(np.float64).max
    round_tolerance = number("round_tolerance", round_tolerance, 0, most)
    tolerance = number("tolerance", tolerance, 0, most)
    convergence = number("convergence", convergence, 0, most)
    if count("max_permutations", max_permutations) < 1:
        raise ValueError("max_permutations must be >= 1, got 0")
    game = _Cached(utility)
    nobody, everyone = game(np.array([np.zeros(n, dtype=bool), np.ones(n, dtype=bool)]))
    if abs(everyone - nobody) <= round_tolerance:
        return Valuation(np.zeros(n), game.evaluations)
    total, recent = np.zeros(n), np.empty((0, n))
    permutations, converged = 0, False
    while not converged and permutations < max_permutations:
        sums = total + np.cumsum(_turn(game, n, rng, nobody, everyone, tolerance), axis=0)
        estimates = sums / np.arange(permutations + 1, permutations + n + 1)[:, None]
        total, permutations = sums[-1], permutations + n
        recent = np.vstack([recent, estimates])[-_LAST - 1 :]
        change = np.abs(recent - recent[-1]).mean(axis=1).max()
        converged = permutations >= _FEWEST and bool(
            change <= convergence * np.abs(recent[-1]).mean()
        )
    return Valuation(recent[-1], game.evaluations, permutations, converged)


class _Cached:
    """A utility that is asked for each coalition once."""

    def __init__(self, utility: Utility) -> None:
        self._utility = utility
        self._known: dict[bytes, float] = {}

    @property
    def evaluations(self) -> int:
        return len(self._known)

    def __call__(self, coalitions: NDArray[np.bool_]) -> NDArray[np.float64]:
        keys = [row.tobytes() for row in np.packbits(coalitions, axis=1)]
        new = {key: row for row, key in enumerate(keys) if key not in self._known}
        if new:
            asked = coalitions[list(new.values())]
            self._known.update(zip(new, evaluate(self._utility, asked).tolist(), strict=True))
        return np.array([self._known[key] for key in keys])


def _turn(
    game: _Cached,
    n: int,
    rng: np.random.Generator,
    nobody: float,
    everyone: float,
    tolerance: float,
) -> NDArray[np.float64]:
    """Marginal contributions (permutation, player) in n permutations, a leader each."""
    orders = np.array([[i, *rng.permutation(np.delete(np.arange(n), i))] for i in range(n)])
    marginal = np.zeros((n, n))
    coalitions = np.zeros((n, n), dtype=bool)
    reached = np.full(n, nobody)
    # Place by place through all orders at once: that many coalitions make a batch.
    for place in range(n):
        going = np.flatnonzero(np.abs(everyone - reached) >= tolerance)
        if not going.size:
            break
        joining = orders[going, place]
        coalitions[going, joining] = True
        utilities = game(coalitions[going])
        marginal[going, joining] = utilities - reached[going]
        reached[going] = utilities
    return marginal
