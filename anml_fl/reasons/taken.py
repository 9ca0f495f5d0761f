"""How a round's weights were made, and what they would be if some things told nobody apart."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.calibrated.earlier_doubt import EARLIER_DOUBT
from anml_fl.method.calibrated.evidence import KINDS
from anml_fl.reasons import schemes
from anml_fl.reasons.held_back import evidence_without

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from numpy.typing import NDArray

    from anml_fl.method.records import RoundRecord
    from anml_fl.reasons.round_numbers import RoundNumbers
    from anml_fl.reasons.schemes import Dials

    Shares = NDArray[np.float64]
    Scheme = Callable[[RoundNumbers, Dials], Shares]

Q, CREDENTIALS, FRESHNESS, EXAMPLES = "q", "credentials", "freshness", "examples"
COPIES, WORTH, MEASURE, ORDER, RULE = "copies", "worth", "measure", "order", "rule"
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
    keeping : tuple of str
        Those of them by which it is decided who is left out, be it by a weight of 0.
    selects : bool
        Whether only the heaviest fraction is selected.
    """

    scheme: Scheme
    factors: tuple[str, ...]
    keeping: tuple[str, ...] = ()
    selects: bool = False


def taken(record: RoundRecord, found: RoundNumbers, dials: Dials) -> Taken | None:
    """Find what gives a round's recorded shares, by its strategy and branch.

    Parameters
    ----------
    record : RoundRecord
    found : RoundNumbers
        Of the record.
    dials : Dials

    Returns
    -------
    Taken or None
        None where nothing here does: a rule of one's own, other settings; pre-aggregations,
        behind which a rule's numbers are not of the contributors' own updates.

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
    candidate = _of_the_gate(record.branch) if record.strategy == "anml" else None
    if is_calibrated(record, found):
        keeping = (*found.evidence, WORTH)
        candidate = Taken(schemes.calibrated, (*keeping, COPIES, EXAMPLES), keeping)
    candidate = candidate or _RULES.get(record.strategy)
    shares = tried(candidate.scheme, found, dials) if candidate else None
    if shares is not None and np.allclose(shares, found.shares, rtol=0, atol=_SAME):
        return candidate
    return None


def is_calibrated(record: RoundRecord, found: RoundNumbers) -> bool:
    """Whether it was evidence of the method's own kinds that decided."""
    known = {*KINDS, EARLIER_DOUBT} >= {*found.evidence}
    return record.strategy == "calibrated" and found.judged and known


def _selecting(scheme: Scheme, *signals: str) -> Taken:
    return Taken(scheme, (*signals, EXAMPLES), signals, selects=True)


def _measuring(scheme: Scheme) -> Taken:
    return Taken(scheme, (MEASURE, EXAMPLES), (MEASURE,))


_KEPT_MEAN = Taken(schemes.kept_mean, (EXAMPLES,))
_TIMES_MEASURE = _measuring(schemes.times_measure)
# By name, as shares of few who are selected are soon those of another rule, too.
_RULES = {
    **dict.fromkeys(
        ("fedavg", "krum", "multikrum", "cge", "dnc", "fedgreed", "flanders", "oracle"),
        _KEPT_MEAN,
    ),
    **dict.fromkeys(
        ("centred_clipping", "flare", "fltrust", "foolsgold", "loss_drop"), _TIMES_MEASURE
    ),
    "geometric_median": _measuring(schemes.over_measure),
    "norm_clipping": _measuring(schemes.cut_to_median),
    "q_only": _selecting(schemes.q_only, Q),
    "softmax_blend": _selecting(schemes.blend, *_SIGNALS),
    "multiplicative": _selecting(schemes.product, *_SIGNALS),
}


def _of_the_gate(branch: str | None) -> Taken | None:
    if branch == "uniform":
        return Taken(schemes.uniform, (FRESHNESS, EXAMPLES), (FRESHNESS,))
    if branch == "blend":
        return _selecting(schemes.blend, *_SIGNALS)
    return _selecting(schemes.gated_q, Q, FRESHNESS) if branch == "krum" else None


def without(
    taken: Taken, factors: Collection[str], found: RoundNumbers, dials: Dials
) -> Shares | None:
    """Give the shares if some factors told nobody apart; None where that cannot be said.

    Nobody is cut off where all weigh the same then: that would be by name.

    Parameters
    ----------
    taken : Taken
    factors : collection of str
        Of its factors.
    found : RoundNumbers
    dials : Dials
    """
    ones, v, r = np.ones(len(found.names)), found.v.mean(), found.r.mean()
    alike = {
        Q: {"q": ones * found.q.mean()},
        CREDENTIALS: {"v": ones * v, "r": ones * r, "s": ones * (v * r)},
        FRESHNESS: {"T": ones},
        EXAMPLES: {"examples": ones},
        COPIES: {"copies": ones},
        WORTH: {"worth": 0 * ones},
        MEASURE: {"measured": ones},
    }
    given = replace(
        found,
        evidence=evidence_without(found.evidence, factors),
        **{name: of for one in factors for name, of in alike.get(one, {}).items()},
    )
    if taken.selects and alike_all(before_selection(taken, given, dials)):
        dials = replace(dials, fraction=1.0)
    return tried(taken.scheme, given, dials)


def before_selection(taken: Taken, found: RoundNumbers, dials: Dials) -> Shares | None:
    """Give the weights of which the heaviest are selected: without examples, all of them."""
    alike = replace(found, examples=np.ones(len(found.names)))
    return tried(taken.scheme, alike, replace(dials, fraction=1.0))


def alike_all(column: NDArray[np.float64] | None) -> bool:
    """Whether all of a column are the same; false of none."""
    return column is not None and bool((column == column[0]).all())


def tells(found: RoundNumbers, factor: str) -> bool:
    """Whether a factor tells any two contributors of a round apart."""
    column = found.column(factor)
    return factor in found.evidence or (column is not None and not alike_all(column))


def tried(scheme: Scheme, found: RoundNumbers, dials: Dials) -> Shares | None:
    """Weigh by a scheme; None where it has no meaning for these numbers."""
    if not found.sound:
        return None
    with np.errstate(all="ignore"):
        shares = scheme(found, dials)
    return shares if np.isfinite(shares).all() else None
