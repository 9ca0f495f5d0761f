"""Verification v, reputation r, temporal decay T: what is known about a contribution.

ANML, section 3.2 (Tables 2 to 4, Eq. 4 and 5), section 3.4 and section 7.2.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.checks import count, number, real_numbers, unit_interval, vector

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

# Decay rates delta a year by domain, Table 4.
DECAY_RATES: Mapping[str, float] = {
    "theory": 0.001,
    "established science": 0.01,
    "fast-moving research": 0.1,
    "news": 0.5,
}


class _Level(Enum):
    """A named range of values in [0, 1]."""

    @property
    def low(self) -> float:
        """Least value of the range."""
        return float(self.value[0])

    @property
    def high(self) -> float:
        """Greatest value of the range."""
        return float(self.value[1])

    @property
    def middle(self) -> float:
        """Value used where only the level is known."""
        return round((self.low + self.high) / 2, 6)


class Verification(_Level):
    """How a contribution was validated: ranges of v, Table 2.

    Examples
    --------
    >>> Verification.SELF_ATTESTED.low, Verification.SELF_ATTESTED.high
    (0.2, 0.3)
    >>> Verification.PEER_REVIEWED.middle
    0.85
    """

    INDEPENDENTLY_REPRODUCED = (0.90, 0.95)
    PEER_REVIEWED = (0.80, 0.90)
    INSTITUTION_VERIFIED = (0.60, 0.70)
    SELF_ATTESTED = (0.20, 0.30)
    FLAGGED_OR_RETRACTED = (0.05, 0.10)


class Reputation(_Level):
    """A contributor's track record: ranges of r, Table 3.

    Examples
    --------
    >>> Reputation.NEW.middle
    0.4
    """

    TOP_OF_DOMAIN = (0.90, 0.95)
    ESTABLISHED = (0.70, 0.90)
    NEW = (0.30, 0.50)
    POOR_RECORD = (0.10, 0.30)


def exploration_bonus(
    r: float, contributions: int, *, newcomer: int = 10, r_min: float = 0.4
) -> float:
    """Raise a newcomer's reputation to r_min during its first N contributions.

    Parameters
    ----------
    r : float
        Reputation in [0, 1].
    contributions : int
        Contributions made so far, >= 0.
    newcomer : int
        N, the contributions during which the floor holds.
    r_min : float
        The floor, in [0, 1].

    Returns
    -------
    float
        max(r, r_min) for a newcomer, otherwise r.

    Raises
    ------
    ValueError
        If r or r_min lies outside [0, 1], or `contributions` is negative.

    References
    ----------
    ANML, section 7.2.

    Examples
    --------
    >>> exploration_bonus(0.15, contributions=3)
    0.4
    >>> exploration_bonus(0.15, contributions=10)
    0.15
    """
    r, r_min = number("r", r, 0, 1), number("r_min", r_min, 0, 1)
    return max(r, r_min) if count("contributions", contributions) < newcomer else r


def temporal_decay(age: ArrayLike, rate: ArrayLike) -> NDArray[np.float64]:
    """Freshness of a contribution: T = exp(-rate * age), Eq. 4.

    Parameters
    ----------
    age : float or array
        Years since the data were collected, >= 0.
    rate : float or array
        delta, the domain's decay rate a year, >= 0; `DECAY_RATES` has Table 4's.

    Returns
    -------
    float64 array
        T in [0, 1], of the arguments' common shape.

    Raises
    ------
    ValueError
        If an age or a rate is negative or not finite.

    Examples
    --------
    >>> temporal_decay([0.0, 10.0], rate=0.1).round(4)
    array([1.    , 0.3679])
    """
    years, rates = _non_negative("age", age), _non_negative("rate", rate)
    with np.errstate(over="ignore"):  # then T is 0
        return np.asarray(np.exp(-rates * years), dtype=np.float64)


def contextual_decay(
    age: ArrayLike, rates: Sequence[float], weights: Sequence[float]
) -> NDArray[np.float64]:
    """Freshness across domains: a convex combination of decays, Eq. 5.

    Parameters
    ----------
    age : float or array
        Years, >= 0.
    rates : sequence of float
        Decay rates a year of the source, the destination and their relation.
    weights : sequence of float
        Their weights, >= 0, summing to 1.

    Returns
    -------
    float64 array
        T in [0, 1], of the shape of `age`.

    Raises
    ------
    ValueError
        If lengths differ, a value is negative, or the weights do not sum to 1.

    Examples
    --------
    >>> float(contextual_decay(10.0, rates=[0.1, 0.0], weights=[0.5, 0.5]).round(4))
    0.6839
    """
    rates = _non_negative("rates", vector("rates", rates)).tolist()
    weights = vector("weights", weights).tolist()
    if len(rates) != len(weights) or len(rates) == 0:
        raise ValueError(
            "rates and weights must have one entry a domain, got"
            f" {len(rates)} and {len(weights)}"
        )
    shares = _non_negative("weights", weights)
    with np.errstate(over="ignore"):
        total = shares.sum()
    if not np.isclose(total, 1.0, rtol=0, atol=1e-9):
        raise ValueError(f"weights must sum to 1, got {total}")
    decays = [temporal_decay(age, rate) for rate in rates]
    # Shares such as .33 + .56 + .11 sum to one ulp above 1.
    mixed = np.minimum(sum(w * t for w, t in zip(shares, decays, strict=True)), 1.0)
    return np.asarray(mixed)


def chain_weight(factors: ArrayLike) -> float:
    """Weight of a chain of derived contributions: the product of its links, sec. 3.4.

    Parameters
    ----------
    factors : array
        One factor a link (v * r, or q * v * r * T), each in [0, 1].

    Returns
    -------
    float
        Product in [0, 1].

    Raises
    ------
    ValueError
        If a factor lies outside [0, 1].

    Examples
    --------
    >>> round(chain_weight([0.1 * 0.15] * 3), 9)
    3.375e-06
    """
    return float(np.prod(unit_interval("factors", vector("factors", factors))))


def _non_negative(name: str, values: ArrayLike) -> NDArray[np.float64]:
    array = real_numbers(name, values)
    bad = np.argwhere(~(np.isfinite(array) & (array >= 0)))
    if len(bad):  # not size: for a scalar argwhere has one row of no columns
        where = tuple(int(i) for i in bad[0])
        index = ", ".join(map(str, where))
        raise ValueError(
            f"{name} must be finite and >= 0, got {name}[{index}] = {array[where]}"
            if where
            else f"{name} must be finite and >= 0, got {array}"
        )
    return array
