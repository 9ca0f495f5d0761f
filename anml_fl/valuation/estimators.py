"""The estimators by the names that data valuation has for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

import numpy as np

from anml_fl.method.checks import count, number
from anml_fl.method.gtg_shapley import gtg_shapley
from anml_fl.seeding import stream
from anml_fl.valuation.estimate import Estimate
from anml_fl.valuation.semivalues import (
    banzhaf_sampled,
    banzhaf_sizes,
    beta_sizes,
    exact,
    sampled,
    shapley_sizes,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anml_fl.valuation.game import Game

_LARGEST = 1e6  # beyond it weights of sizes lose the digits that values are read to


class Estimator(Protocol):
    """Anything that values a game's players."""

    @property
    def name(self) -> str:
        """What it is called, and by what its random stream is told from others'."""
        ...

    def __call__(self, game: Game, rng: np.random.Generator) -> Estimate:
        """Value the players; one that does not sample leaves the generator alone."""
        ...


@dataclass(frozen=True, slots=True)
class ExactShapley:
    """The Shapley value from all 2^n coalitions, of at most 16 players."""

    name: ClassVar[str] = "exact-shapley"

    def __call__(self, game: Game, rng: np.random.Generator) -> Estimate:
        """Value the players; the values sum to U(everyone) - U(nobody)."""
        return exact(game, shapley_sizes(len(game)))


@dataclass(frozen=True, slots=True)
class LeaveOneOut:
    """What the others lose without a player: U(everyone) - U(everyone but it)."""

    name: ClassVar[str] = "leave-one-out"

    def __call__(self, game: Game, rng: np.random.Generator) -> Estimate:
        """Value the players from n + 1 coalitions."""
        n = len(game)
        rows = game.rows(np.vstack([np.ones((1, n), dtype=bool), ~np.eye(n, dtype=bool)]))
        means, by_row = rows.mean(axis=1), rows[0] - rows[1:]
        return Estimate(
            game.players,
            tuple((means[0] - means[1:]).tolist()),
            (0.0,) * n,
            game.evaluations,
            by_row=by_row if by_row.shape[1] > 1 else None,
        )


@dataclass(frozen=True, slots=True)
class PermutationShapley:
    """The Shapley value from orders drawn at random, with its standard error.

    Parameters
    ----------
    permutations : int
        >= 2; of 30 on intervals by the normal distribution hold what they say.
    """

    permutations: int = 200
    name: ClassVar[str] = "permutation-shapley"

    def __call__(self, game: Game, rng: np.random.Generator) -> Estimate:
        """Value the players; the values sum to U(everyone) - U(nobody)."""
        return sampled(game, shapley_sizes(len(game)), self.permutations, rng)


@dataclass(frozen=True, slots=True)
class GtgShapley:
    """GTG-Shapley, as `anml_fl.gtg_shapley` describes it: few coalitions, no standard error.

    Parameters
    ----------
    round_tolerance, tolerance, convergence : float
        >= 0.
    max_permutations : int
        >= 1.
    """

    round_tolerance: float = 0.01
    tolerance: float = 0.001
    convergence: float = 0.05
    max_permutations: int = 1000
    name: ClassVar[str] = "gtg-shapley"

    def __call__(self, game: Game, rng: np.random.Generator) -> Estimate:
        """Value the players; what truncation leaves out has no bound where one does harm."""
        found = gtg_shapley(
            game,
            len(game),
            rng,
            round_tolerance=self.round_tolerance,
            tolerance=self.tolerance,
            convergence=self.convergence,
            max_permutations=self.max_permutations,
        )
        return Estimate(
            game.players,
            tuple(found.values.tolist()),
            (float("nan"),) * len(game),
            game.evaluations,
            found.permutations,
            found.converged,
        )


@dataclass(frozen=True, slots=True)
class Banzhaf:
    """The Banzhaf value: every coalition counts alike, which noise in the worth moves least.

    Parameters
    ----------
    pairs : int, optional
        Coalitions that are drawn, each with its complement, >= 2; None asks for all 2^n.
    """

    pairs: int | None = None
    name: ClassVar[str] = "banzhaf"

    def __call__(self, game: Game, rng: np.random.Generator) -> Estimate:
        """Value the players; the values need not sum to anything."""
        if self.pairs is None:
            return exact(game, banzhaf_sizes(len(game)))
        return banzhaf_sampled(game, self.pairs, rng)


@dataclass(frozen=True, slots=True)
class BetaShapley:
    """Beta Shapley: small coalitions count more, where a player's contribution is clearest.

    Parameters
    ----------
    alpha, beta : float
        In [1, 1e6]; (1, 1) is the Shapley value.
    permutations : int, optional
        Orders that are drawn, >= 2; None asks for all 2^n coalitions.
    """

    alpha: float = 4.0
    beta: float = 1.0
    permutations: int | None = None
    name: ClassVar[str] = "beta-shapley"

    def __post_init__(self) -> None:
        """Check the parameters."""
        number("alpha", self.alpha, 1, _LARGEST)
        number("beta", self.beta, 1, _LARGEST)

    def __call__(self, game: Game, rng: np.random.Generator) -> Estimate:
        """Value the players; the values need not sum to anything."""
        sizes = beta_sizes(len(game), self.alpha, self.beta)
        if self.permutations is None:
            return exact(game, sizes)
        return sampled(game, sizes, self.permutations, rng)


ESTIMATORS: Mapping[str, Estimator] = {
    one.name: one
    for one in (
        ExactShapley(),
        LeaveOneOut(),
        GtgShapley(),
        PermutationShapley(),
        Banzhaf(),
        BetaShapley(),
    )
}
"""Name to estimator, with its defaults."""


def estimator_of(wanted: str | Estimator) -> Estimator:
    """Find an estimator by its name, or take one as it is.

    Raises
    ------
    ValueError
        If nothing is called so.

    Examples
    --------
    >>> estimator_of("banzhaf")
    Banzhaf(pairs=None)
    >>> estimator_of("owen")
    Traceback (most recent call last):
    ValueError: estimator must be one of exact-shapley, leave-one-out, ..., got 'owen'
    """
    if not isinstance(wanted, str):
        return wanted
    if wanted not in ESTIMATORS:
        raise ValueError(f"estimator must be one of {', '.join(ESTIMATORS)}, got {wanted!r}")
    return ESTIMATORS[wanted]


def estimate_values(
    game: Game, estimator: str | Estimator = "permutation-shapley", *, seed: int = 0
) -> Estimate:
    """Value the players of a game.

    Parameters
    ----------
    game : Game
    estimator : str or Estimator
        A name in `ESTIMATORS`, or one with settings of its own.
    seed : int
        Of what is sampled, >= 0.

    Returns
    -------
    Estimate
        The same for the same game and seed.

    Raises
    ------
    ValueError
        If nothing is called so, a setting or the seed is out of range, or a worth is not
        finite.

    Examples
    --------
    >>> from anml_fl.valuation.game import Game
    >>> gloves = Game.of_sets("L R S".split(), lambda who: "L" in who and len(who) > 1)
    >>> estimate_values(gloves, "exact-shapley").values
    (0.66..., 0.16..., 0.16...)
    """
    chosen = estimator_of(estimator)
    return chosen(game, stream(count("seed", seed), chosen.name))
