"""The valid updates of a round, judged: Krum's scores, q, what the registry knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.krum import FEWEST, consistency, krum_scores
from anml_fl.registry.interface import Signals
from strategies.accounts import everyone
from strategies.rules import Cohort, example_factors

if TYPE_CHECKING:
    from strategies.screening import Screened


def assess(
    screened: Screened, known: Signals, *, n_byzantine: int | None, example_weighting: bool
) -> tuple[Cohort, str | None]:
    """Judge the valid updates of a round by each other.

    Parameters
    ----------
    screened : Screened
    known : Signals
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
    place = {name: i for i, name in enumerate(everyone(screened))}
    valid = [place[name] for name in screened.contributors]
    signals = Signals(known.v[valid], known.r[valid], known.T[valid])
    factors = example_factors(screened.examples, weighting=example_weighting)
    return Cohort(screened.contributors, screened.updates, scores, q, signals, factors), note
