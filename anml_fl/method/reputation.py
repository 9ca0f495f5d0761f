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
from anml_fl.method.krum import FEWEST
from anml_fl.method.provenance import Reputation

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from anml_fl.method.records import RoundRecord

LOWEST, HIGHEST = Reputation.POOR_RECORD.low, Reputation.TOP_OF_DOMAIN.high
# Evidence that a newcomer's cold-start reputation is worth (Josang and Ismail's W).
_PRIOR = 2.0
# A q counts against a contributor below this share of the round's median, and this many
# robust standard deviations under it (Leys et al. 2013): q is scaled to [0, 1] in each
# round, so that the farthest of harmless contributors has q = 0 too.
_SHARE, _DEVIATIONS = 0.5, 2.5
_MAD_TO_DEVIATION = 1.4826


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
        """Forget a little, then add a round: good' = lambda good + max(outcome, 0).

        Parameters
        ----------
        evidence : Evidence
        outcomes : (n,) array
            In [-1, 1]: how much a round spoke for each contributor, or against it.
        took_part : (n,) bool
            Whose update was valid. Evidence of the others stays as it is.

        Raises
        ------
        ValueError
            If an outcome lies outside [-1, 1].

        Examples
        --------
        >>> later = ReputationRule().after(Evidence.none(2), [1.0, -0.5], [True, True])
        >>> later.good, later.bad
        (array([1., 0.]), array([0. , 0.5]))
        """
        seen = vector("outcomes", outcomes)
        unit_interval("outcomes' size", np.abs(seen))
        present = np.asarray(took_part, dtype=bool)
        kept = np.where(present, self.forgetting, 1.0)
        return Evidence(
            kept * evidence.good + present * np.maximum(seen, 0.0),
            kept * evidence.bad + present * np.maximum(-seen, 0.0),
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

    A q is far if it is less than half of the median, and more than 2.5 robust standard
    deviations (1.4826 times the median absolute deviation) below it.

    Returns
    -------
    tuple
        (n,) outcomes: q gives the sign, -1 if it is far; half as much where selection says
        otherwise (near and not selected, far and selected); 0 without a valid update, and
        for everyone where too few were valid to be compared (q = 1 is no praise then).
        Where a round selects nobody in particular (branch "uniform"), q alone tells. And as
        many reasons, in words.

    References
    ----------
    Leys, Ley, Klein, Bernard, Licata: Detecting outliers, J. Exp. Soc. Psychology 49, 2013.

    Examples
    --------
    >>> from anml_fl.method.records import ContributorRecord, RoundRecord
    >>> people = tuple(
    ...     ContributorRecord(name, q, 0.8, 0.8, 1.0, 0.64, 0.5, selected=q > 0.5)
    ...     for name, q in {"a": 1.0, "b": 0.9, "c": 0.9, "d": 0.1}.items()
    ... )
    >>> outcomes, reasons = conduct(RoundRecord(1, "anml", "krum", 0.1, 0.2, people))
    >>> outcomes, reasons[3]
    (array([ 1.,  1.,  1., -1.]), 'bad: q 0.100 is far below the median 0.900, not selected')
    """
    people = record.contributors
    valid = [c.q for c in people if c.reason is None and np.isfinite(c.q)]
    median = float(np.median(valid)) if valid else 0.0
    spread = float(np.median(np.abs(np.array(valid) - median))) if valid else 0.0
    least = min(_SHARE * median, median - _DEVIATIONS * _MAD_TO_DEVIATION * spread)
    outcomes, reasons = [], []
    for one in people:
        if one.reason is not None or not np.isfinite(one.q):
            outcomes.append(0.0)
            reasons.append(f"not observed: {one.reason or 'no q'}")
            continue
        if len(valid) < FEWEST:
            outcomes.append(0.0)
            reasons.append(f"not observed: {len(valid)} valid updates are too few to compare")
            continue
        near = one.q >= least
        agreed = record.branch == "uniform" or near == one.selected
        outcomes.append((1.0 if near else -1.0) * (1.0 if agreed else 0.5))
        word = ("" if agreed else "rather ") + ("good" if near else "bad")
        place = "is not far from" if near else "is far below"
        seen = "selected" if one.selected else "not selected"
        reasons.append(f"{word}: q {one.q:.3f} {place} the median {median:.3f}, {seen}")
    return np.array(outcomes, dtype=np.float64), reasons
