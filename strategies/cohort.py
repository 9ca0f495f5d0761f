"""The valid updates of a round, judged: Krum's scores, q, what the registry knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.method.krum import FEWEST, consistency, krum_scores
from anml_fl.registry.interface import Signals

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from strategies.screening import Screened

# A claim of example counts is believed up to this multiple of the round's median.
_MOST_MEDIANS = 5.0


@dataclass(frozen=True, slots=True)
class Cohort:
    """The valid updates of one round, by stable identity.

    Parameters
    ----------
    contributors : tuple of str
    updates : (n, d) array
    scores : (n,) float64
        Krum scores.
    q : (n,) float64
        Consistency; all ones where Krum has no meaning.
    signals : Signals
    examples : (n,) float64
        Example factors.
    """

    contributors: tuple[str, ...]
    updates: NDArray[Any]
    scores: NDArray[np.float64]
    q: NDArray[np.float64]
    signals: Signals
    examples: NDArray[np.float64]

    @property
    def wide(self) -> NDArray[np.float64]:
        """The updates in float64: sums of values near float32's largest stay finite."""
        return self.updates.astype(np.float64)


def example_factors(counts: NDArray[np.float64], *, weighting: bool) -> NDArray[np.float64]:
    """Bound the contributors' own example counts: to [1, 5 x median], or 1 for all.

    Parameters
    ----------
    counts : (n,) float64
        Claims, each >= 1.
    weighting : bool

    Returns
    -------
    (n,) float64

    Examples
    --------
    >>> example_factors(np.array([100.0, 120.0, 1e9]), weighting=True)
    array([100., 120., 600.])
    """
    if not weighting or counts.size == 0:
        return np.ones_like(counts)
    return np.clip(counts, 1.0, _MOST_MEDIANS * float(np.median(counts)))


def assess(
    screened: Screened, signals: Signals, *, n_byzantine: int | None, example_weighting: bool
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

    Returns
    -------
    tuple
        The cohort, and a note where Krum has no meaning.
    """
    n = len(screened.contributors)
    note = None
    scores, q = np.zeros(n), np.ones(n)
    if n >= FEWEST:
        scores = krum_scores(screened.updates, n_byzantine=n_byzantine)
        q = consistency(scores)
    elif n:
        note = f"{n} valid replies, fewer than {FEWEST}: q = 1 for all"
    place = {name: i for i, name in enumerate(screened.everyone)}
    valid = [place[name] for name in screened.contributors]
    valid_signals = Signals(signals.v[valid], signals.r[valid], signals.T[valid])
    factors = example_factors(screened.examples, weighting=example_weighting)
    cohort = Cohort(screened.contributors, screened.updates, scores, q, valid_signals, factors)
    for array in (
        cohort.updates, scores, q, factors,
        valid_signals.v, valid_signals.r, valid_signals.T,
    ):  # fmt: skip
        array.setflags(write=False)  # rules are given it, and the round keeps it
    return cohort, note
