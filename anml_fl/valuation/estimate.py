"""What an estimator found: a value a player, how sure it is, and what it took."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.checks import number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Estimate:
    """Values of a game's players, or their sums over several games.

    Parameters
    ----------
    players : tuple of str
    values : tuple of float
        One a player, in the worth's unit.
    sampling_errors : tuple of float
        Standard errors of having sampled coalitions: 0 where all were asked for, nan where the
        estimator states none.
    evaluations : int
        Coalitions whose worth was asked for, each counted once.
    samples : int
        Independent draws that the values are the mean of; 0 where nothing is sampled.
    converged : bool
        False if sampling ended at its limit before its own criterion was met.
    by_row : (n, k) float64, optional
        Values on each row that the worth is a mean over; None where it has no rows.
    """

    players: tuple[str, ...]
    values: tuple[float, ...]
    sampling_errors: tuple[float, ...]
    evaluations: int
    samples: int = 0
    converged: bool = True
    by_row: NDArray[np.float64] | None = field(default=None, compare=False, repr=False)

    @property
    def errors(self) -> tuple[float, ...]:
        """Standard errors: of sampling, and of which rows the worth was taken on."""
        sampling = np.array(self.sampling_errors)
        if self.by_row is None:
            return self.sampling_errors
        k = self.by_row.shape[1]
        return tuple(np.hypot(sampling, self.by_row.std(axis=1, ddof=1) / k**0.5).tolist())

    def __getitem__(self, player: str) -> float:
        """Give a player's value."""
        return self.values[self.players.index(player)]

    def intervals(self, confidence: float = 0.95) -> dict[str, tuple[float, float]]:
        """Give each player's interval, by the normal distribution: of 30 samples on.

        Parameters
        ----------
        confidence : float
            How often an interval holds the value, in (0, 1).

        Raises
        ------
        ValueError

        Examples
        --------
        >>> Estimate(("a",), (1.0,), (0.5,), 8).intervals(0.95)["a"]
        (0.02..., 1.97...)
        """
        level = number("confidence", confidence, 0, 1)
        if level in (0, 1):
            raise ValueError(f"confidence must lie between 0 and 1, got {confidence!r}")
        z = NormalDist().inv_cdf((1 + level) / 2)
        return {
            who: (value - z * error, value + z * error)
            for who, value, error in zip(self.players, self.values, self.errors, strict=True)
        }


def added(estimates: Sequence[Estimate], players: Sequence[str]) -> Estimate:
    """Add games up, as of all rounds of a run: a player that is not in one gets 0 in it.

    Sampling errors of the games are independent; rows are the same in all of them, so that
    values are added row by row before their error is taken.

    Parameters
    ----------
    estimates : sequence of Estimate
        By one estimator, on the same rows.
    players : sequence of str
        All of any of them.

    Raises
    ------
    ValueError
        If a game has a player that is not among them, or some have rows and others not.

    Examples
    --------
    >>> one = Estimate(("a",), (1.0,), (3.0,), 2)
    >>> added([one, Estimate(("b", "a"), (1.0, 2.0), (0.0, 4.0), 4)], ["a", "b"])
    Estimate(players=('a', 'b'), values=(3.0, 1.0), sampling_errors=(5.0, 0.0), ...)
    """
    place = {who: i for i, who in enumerate(players)}
    values, variances = np.zeros(len(place)), np.zeros(len(place))
    widths = {0 if one.by_row is None else one.by_row.shape[1] for one in estimates}
    if len(widths) > 1:
        raise ValueError(f"games are added on the same rows, got {sorted(widths)} of them")
    width = max(widths, default=0)
    rows = np.zeros((len(place), width))
    for one in estimates:
        if unknown := [who for who in one.players if who not in place]:
            raise ValueError(f"{unknown[0]!r} is not among the players")
        at = [place[who] for who in one.players]
        values[at] += one.values
        variances[at] += np.square(one.sampling_errors)
        if one.by_row is not None:
            rows[at] += one.by_row
    return Estimate(
        tuple(players),
        tuple(values.tolist()),
        tuple(np.sqrt(variances).tolist()),
        sum(one.evaluations for one in estimates),
        sum(one.samples for one in estimates),
        all(one.converged for one in estimates),
        rows if width else None,
    )
