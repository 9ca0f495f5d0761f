"""How a round's weights were made, and what they would be if some things told nobody apart."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.reasons import schemes

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from numpy.typing import NDArray

    from anml_fl.method.records import RoundRecord
    from anml_fl.reasons.round_numbers import RoundNumbers
    from anml_fl.reasons.schemes import Dials

    Shares = NDArray[np.float64]
    Scheme = Callable[[RoundNumbers, Dials], Shares]

Q, CREDENTIALS, FRESHNESS, EXAMPLES = "q", "credentials", "freshness", "examples"
COPIES, MEASURE, RULE = "copies", "measure", "rule"
_SIGNALS = (Q, CREDENTIALS, FRESHNESS)

# Shares that differ by no more are the same: a record's numbers are whole, sums are not.
_SAME = 1e-9

ALTERNATIVES: dict[str, Scheme] = {
    "fedavg": schemes.fedavg,
    "anml": schemes.anml,
    "softmax_blend": schemes.blend,
    "multiplicative": schemes.product,
    "q_only": schemes.q_only,
}
"""What weights a round's replies would have had under other strategies, by their names."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What made a round's weights.

    Parameters
    ----------
    scheme : callable
        From a round's numbers to shares: it gives those that were recorded.
    factors : tuple of str
        What the shares depend on.
    selects : bool
        Whether only the heaviest fraction is selected.
    """

    scheme: Scheme
    factors: tuple[str, ...]
    selects: bool = False


def taken(record: RoundRecord, found: RoundNumbers, dials: Dials) -> Taken | None:
    """Find what gives a round's recorded shares, by its branch and evidence.

    Parameters
    ----------
    record : RoundRecord
    found : RoundNumbers
        Of the record.
    dials : Dials

    Returns
    -------
    Taken or None
        None where nothing here does: a rule of another kind, updates that something was done
        with before, other settings. Nothing is said of what would have been then.

    Examples
    --------
    >>> from anml_fl.method.records import ContributorRecord, RoundRecord
    >>> from anml_fl.reasons.round_numbers import RoundNumbers
    >>> from anml_fl.reasons.schemes import Dials
    >>> people = [
    ...     ContributorRecord(who, 0.5, 1, 1, 1, 1, weight, True, examples=count)
    ...     for who, weight, count in (("a", 0.25, 10.0), ("b", 0.75, 30.0))
    ... ]
    >>> record = RoundRecord(1, "fedavg", None, 0.0, 1.0, tuple(people))
    >>> taken(record, RoundNumbers.of(record), Dials()).factors
    ('examples',)
    """
    for candidate in _candidates(record, found):
        shares = tried(candidate.scheme, found, dials)
        if shares is not None and np.allclose(shares, found.shares, rtol=0, atol=_SAME):
            return candidate
    return None


def _candidates(record: RoundRecord, found: RoundNumbers) -> tuple[Taken, ...]:
    if found.evidence:
        kinds = (*found.evidence, CREDENTIALS, COPIES, EXAMPLES)
        return (Taken(schemes.calibrated, kinds),)
    weighing = (Q, CREDENTIALS, FRESHNESS, EXAMPLES)
    return {
        "uniform": (Taken(schemes.uniform, (FRESHNESS, EXAMPLES)),),
        "blend": (Taken(schemes.blend, weighing, selects=True),),
        "multiplicative": (Taken(schemes.product, weighing, selects=True),),
        "krum": (
            Taken(schemes.gated_q, (Q, FRESHNESS, EXAMPLES), selects=True),
            Taken(schemes.q_only, (Q, EXAMPLES), selects=True),
        ),
    }.get(record.branch or "", (Taken(schemes.kept_mean, (EXAMPLES,)),))


def without(
    taken: Taken, factors: Collection[str], found: RoundNumbers, dials: Dials
) -> Shares | None:
    """Give the shares if some factors told nobody apart; None where that cannot be said.

    Nobody is cut off where no signal is left to tell who is heavy.

    Parameters
    ----------
    taken : Taken
    factors : collection of str
        Of its factors.
    found : RoundNumbers
    dials : Dials
    """
    ones = np.ones(len(found.names))
    alike = {
        Q: {"q": ones * found.q.mean()},
        CREDENTIALS: {name: ones * getattr(found, name).mean() for name in ("v", "r", "s")}
        | {"worth": 0 * ones},
        FRESHNESS: {"T": ones},
        EXAMPLES: {"examples": ones},
        COPIES: {"copies": ones},
    }
    given = replace(
        found,
        evidence={kind: of for kind, of in found.evidence.items() if kind not in factors},
        **{name: of for one in factors for name, of in alike.get(one, {}).items()},
    )
    left = [one for one in taken.factors if one in _SIGNALS and one not in factors]
    if taken.selects and not any(tells(found, one) for one in left):
        dials = replace(dials, fraction=1.0)
    return tried(taken.scheme, given, dials)


def tells(found: RoundNumbers, factor: str) -> bool:
    """Whether a factor tells any two contributors of a round apart."""
    column = found.worth if factor == CREDENTIALS and found.evidence else found.column(factor)
    return column is None or factor in found.evidence or bool(np.ptp(column) > 0)


def tried(scheme: Scheme, found: RoundNumbers, dials: Dials) -> Shares | None:
    """Weigh by a scheme; None where it has no meaning for these numbers."""
    if not (found.names and np.isfinite(found.examples).all()):
        return None
    try:
        with np.errstate(all="ignore"):
            shares = scheme(found, dials)
    except ValueError:  # a signal out of its range, as only a damaged record has
        return None
    return shares if np.isfinite(shares).all() else None
