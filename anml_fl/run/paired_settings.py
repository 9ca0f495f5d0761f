"""Whether runs with other settings end better: by differences that are paired by seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.run.criterion import Criterion
from anml_fl.run.paired_interval import FEWEST, Interval, paired_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anml_fl.run.repeats import FinishedRun


def lead_over(
    runs: Sequence[FinishedRun], others: Sequence[FinishedRun], strategy: str
) -> Interval | None:
    """Say how much better a strategy ends in some runs than in others of the same seeds.

    Parameters
    ----------
    runs, others : sequence of FinishedRun
        Scored by one metric; of each at most one a seed.
    strategy : str

    Returns
    -------
    Interval or None
        Above 0: better, whichever side of the score that is. None of fewer than three pairs.

    Examples
    --------
    >>> from anml_fl.run.repeats import FinishedRun
    >>> one, other = (
    ...     [
    ...         FinishedRun("", seed, "", "", "", 0.0, {"krum": error})
    ...         for seed, error in enumerate(errors)
    ...     ]
    ...     for errors in ((0.1, 0.2, 0.3), (0.4, 0.6, 0.8))
    ... )
    >>> round(lead_over(one, other, "krum").mean, 3), lead_over(one[:2], other, "krum")
    (0.4, None)
    """
    theirs = {run.seed: run.scores.get(strategy) for run in others}
    pairs = [
        (score, other)
        for run in runs
        if (score := run.scores.get(strategy)) is not None
        and (other := theirs.get(run.seed)) is not None
    ]
    if len(pairs) < FEWEST:
        return None
    sign = 1 if Criterion(runs[0].metric).better == "higher" else -1
    ratio = max(run.test_ratio for run in (*runs, *others))
    return paired_interval([sign * (score - other) for score, other in pairs], ratio)
