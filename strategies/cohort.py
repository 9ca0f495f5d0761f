"""The valid updates of a round, judged: Krum's scores, q, what the registry knows."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.method.blockwise_krum import scores_of_distances
from anml_fl.method.krum import FEWEST, consistency
from anml_fl.registry.interface import Signals
from strategies.examples import example_factors
from strategies.updates import Updates

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from strategies.landmarks import Landmarks
    from strategies.screening import Screened


@dataclass(frozen=True, slots=True, init=False)
class Cohort:
    """The valid updates of one round, by stable identity.

    Parameters
    ----------
    contributors : tuple of str
    rows : Updates or (n, d) array
        The updates: blocks of columns, weighted sums, distances.
    scores : (n,) float64
        Krum scores.
    q : (n,) float64
        Consistency; all ones where Krum has no meaning.
    signals : Signals
    examples : (n,) float64
        Example factors.
    """

    contributors: tuple[str, ...]
    rows: Updates
    scores: NDArray[np.float64]
    q: NDArray[np.float64]
    signals: Signals
    examples: NDArray[np.float64]

    def __init__(
        self,
        contributors: tuple[str, ...],
        rows: Updates | NDArray[Any],
        scores: NDArray[np.float64],
        q: NDArray[np.float64],
        signals: Signals,
        examples: NDArray[np.float64],
    ) -> None:
        given = (contributors, Updates.of(rows), scores, q, signals, examples)
        for one, value in zip(fields(self), given, strict=True):
            object.__setattr__(self, one.name, value)

    @property
    def updates(self) -> NDArray[Any]:
        """The updates in one matrix, (n, d): beside `rows`, as much memory as the replies."""
        return self.rows.matrix

    @property
    def wide(self) -> NDArray[np.float64]:
        """The updates in float64: sums of values near float32's largest stay finite."""
        return self.updates.astype(np.float64)


def assess(
    screened: Screened,
    signals: Signals,
    *,
    n_byzantine: int | None,
    example_weighting: bool,
    landmarks: Landmarks | None = None,
) -> tuple[Cohort, str | None]:
    """Judge the valid updates of a round by each other.

    Parameters
    ----------
    screened : Screened
    signals : Signals
        Of everyone who was asked, by stable identity.
    n_byzantine : int, optional
        f of Krum's scores.
    example_weighting : bool
    landmarks : Landmarks, optional
        What more contributors than these are compared with, instead of with each other.

    Returns
    -------
    tuple
        The cohort, and a note where Krum has no meaning or is estimated.
    """
    n = len(screened.contributors)
    rows = Updates.of(screened.updates)
    note = None
    scores, q = np.zeros(n), np.ones(n)
    if n >= FEWEST:
        if landmarks is not None and n > landmarks.count:
            scores, note = landmarks.scores(rows, n_byzantine)
        else:
            scores = scores_of_distances(rows.distances, n_byzantine=n_byzantine)
        q = consistency(scores)
    elif n:
        note = f"{n} valid replies, fewer than {FEWEST}: q = 1 for all"
    place = {name: i for i, name in enumerate(screened.everyone)}
    valid = [place[name] for name in screened.contributors]
    valid_signals = Signals(signals.v[valid], signals.r[valid], signals.T[valid])
    factors = example_factors(screened.examples, weighting=example_weighting)
    cohort = Cohort(screened.contributors, rows, scores, q, valid_signals, factors)
    for array in (scores, q, factors, valid_signals.v, valid_signals.r, valid_signals.T):
        array.setflags(write=False)  # rules are given it, and the round keeps it
    return cohort, note
