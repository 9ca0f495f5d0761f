"""Reputation earned round by round: a Beta reputation with forgetting.

Josang and Ismail, "The Beta Reputation System", 2002: evidence for and against a
contributor is added up, older evidence counts less, and reputation is the mean of the
Beta distribution that it leads to. ANML, sections 3.2.3 and 7.2, has the bounds
(Table 3) and the exploration bonus.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.checks import count, number, unit_interval, vector
from anml_fl.method.provenance import Reputation

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from anml_fl.method.records import RoundRecord

LOWEST, HIGHEST = Reputation.POOR_RECORD.low, Reputation.TOP_OF_DOMAIN.high
# Evidence that a newcomer's cold-start reputation is worth (Josang and Ismail's W).
_PRIOR = 2.0
# A q below this share of the round's median counts against a contributor.
_FAR = 0.5


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of some contributors' conduct, discounted by age.

    Parameters
    ----------
    good, bad : (n,) float64
        Rounds that spoke for and against each, >= 0.
    contributions : (n,) int64
        Valid updates so far, not discounted.
    """

    good: NDArray[np.float64]
    bad: NDArray[np.float64]
    contributions: NDArray[np.int64]

    @classmethod
    def none(cls, n: int) -> Evidence:
        """Start n newcomers."""
        return cls(np.zeros(n), np.zeros(n), np.zeros(n, dtype=np.int64))


@dataclass(frozen=True, slots=True)
class ReputationRule:
    """How reputation follows from conduct.

    Parameters
    ----------
    forgetting : float
        lambda in [0, 1]: what a round leaves of older evidence.
    newcomer : int
        N: the exploration bonus holds during a contributor's first N contributions.
    r_min : float
        Its floor, in [0, 1].

    Raises
    ------
    ValueError
        If a parameter lies outside its range.
    """

    forgetting: float = 0.8
    newcomer: int = 10
    r_min: float = 0.4

    def __post_init__(self) -> None:
        """Check the parameters."""
        number("forgetting", self.forgetting, 0, 1)
        count("newcomer", self.newcomer)
        number("r_min", self.r_min, 0, 1)

    def reputation(self, evidence: Evidence) -> NDArray[np.float64]:
        """Mean of the Beta distribution, within Table 3, with the exploration bonus.

        Parameters
        ----------
        evidence : Evidence

        Returns
        -------
        (n,) float64
            r in [.10, .95]; at least r_min during the first N contributions.

        Examples
        --------
        >>> rule = ReputationRule()
        >>> rule.reputation(Evidence.none(1))
        array([0.4])
        >>> rule.reputation(Evidence(np.array([0.0, 4.0]), np.array([4.0, 0.0]),
        ...                          np.array([12, 12]))).round(3)
        array([0.133, 0.8  ])
        """
        prior = _PRIOR * Reputation.NEW.middle
        mean = (prior + evidence.good) / (_PRIOR + evidence.good + evidence.bad)
        r = np.clip(mean, LOWEST, HIGHEST)
        return np.where(evidence.contributions < self.newcomer, np.maximum(r, self.r_min), r)

    def after(self, evidence: Evidence, outcomes: ArrayLike, took_part: ArrayLike) -> Evidence:
        """Forget a little, then add a round: good' = lambda good + [outcome = 1].

        Parameters
        ----------
        evidence : Evidence
        outcomes : (n,) array
            1 spoke for the contributor, 0 against, nan neither.
        took_part : (n,) bool
            Whose update was valid. Evidence of the others stays as it is.

        Returns
        -------
        Evidence

        Raises
        ------
        ValueError
            If an outcome is anything else.

        Examples
        --------
        >>> later = ReputationRule().after(Evidence.none(2), [1.0, 0.0], [True, True])
        >>> later.good, later.bad
        (array([1., 0.]), array([0., 1.]))
        """
        seen = vector("outcomes", outcomes)
        unit_interval("outcomes", np.nan_to_num(seen, nan=0.0))
        present = np.asarray(took_part, dtype=bool)
        kept = np.where(present, self.forgetting, 1.0)
        return Evidence(
            kept * evidence.good + (present & (seen == 1)),
            kept * evidence.bad + (present & (seen == 0)),
            evidence.contributions + present,
        )

    def worth(self, r: ArrayLike) -> Evidence:
        """Find the evidence of established contributors that already have a reputation.

        Parameters
        ----------
        r : (n,) array
            Reputations in [0, 1].

        Returns
        -------
        Evidence
            As much as a long record holds, N contributions, and of a mean nearest to r.

        Examples
        --------
        >>> rule = ReputationRule()
        >>> rule.reputation(rule.worth([0.3, 0.7])).round(6)
        array([0.3, 0.7])
        """
        r = unit_interval("r", vector("r", r))
        long = 1.0 / (1.0 - self.forgetting) if self.forgetting < 1 else 100.0
        good = np.clip(r * (_PRIOR + long) - _PRIOR * Reputation.NEW.middle, 0.0, long)
        n = np.full(r.shape, self.newcomer, dtype=np.int64)
        return Evidence(good, long - good, n)


def conduct(record: RoundRecord) -> tuple[NDArray[np.float64], list[str]]:
    """Judge each contributor by a round: its q against the median, and selection.

    Parameters
    ----------
    record : RoundRecord

    Returns
    -------
    tuple
        (n,) outcomes: 1 if q is at least half of the round's median and the update was
        selected, 0 if neither, nan if only one of the two, or without a valid update.
        Where a round selects nobody in particular (branch "uniform"), q alone tells.
        And as many reasons, in words.

    Examples
    --------
    >>> from anml_fl.method.records import ContributorRecord, RoundRecord
    >>> good = ContributorRecord("a", 1.0, 0.8, 0.8, 1.0, 0.64, 0.5, True)
    >>> bad = ContributorRecord("b", 0.1, 0.8, 0.8, 1.0, 0.64, 0.0, False)
    >>> outcomes, reasons = conduct(RoundRecord(1, "anml", "krum", 0.1, 0.2, (good, bad)))
    >>> outcomes, reasons[1]
    (array([1., 0.]), 'bad: q 0.100 is below half of the median 0.550, not selected')
    """
    valid = [c.q for c in record.contributors if c.reason is None and np.isfinite(c.q)]
    median = float(np.median(valid)) if valid else 0.0
    outcomes, reasons = [], []
    for one in record.contributors:
        if one.reason is not None or not np.isfinite(one.q):
            outcomes.append(np.nan)
            reasons.append(f"not observed: {one.reason or 'no q'}")
            continue
        near = one.q >= _FAR * median
        chosen = near if record.branch == "uniform" else one.selected
        outcome = float(near) if near == chosen else np.nan
        word = {1.0: "good", 0.0: "bad"}.get(outcome, "undecided")
        place = "is at least" if near else "is below"
        seen = "selected" if one.selected else "not selected"
        outcomes.append(outcome)
        reasons.append(
            f"{word}: q {one.q:.3f} {place} half of the median {median:.3f}, {seen}"
        )
    return np.array(outcomes, dtype=np.float64), reasons
