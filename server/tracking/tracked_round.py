"""What trackers are told of a round: numbers and kinds of reasons, and nobody's text."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from anml_fl.method.attribution import payouts
from anml_fl.reasons.round_reasons import RoundReasons
from server.tracking.names import plain_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anml_fl.method.records import ContributorRecord, RoundRecord
    from anml_fl.reasons.reason import Reason
    from anml_fl.reasons.schemes import Dials

_OF_A_ROUND = ("test_error", "test_score", "rho_c", "min_s", "bytes_sent", "bytes_received")
_OF_A_PERSON = ("weight", "q", "v", "r", "T", "s", "examples", "measured")


@dataclass(frozen=True, slots=True)
class TrackedRound:
    """One round of one strategy. What is not known, or not finite, is not there.

    Parameters
    ----------
    strategy : str
    round : int
        From 1.
    numbers : mapping
        Name to what holds for all.
    people : mapping
        Contributor to its numbers, by name; and `payout`, in whole micro-units, of the
        strategy that pays.
    kinds : mapping
        Contributor to the kind of reason by which it counted as it did.
    branch : str
        That of the gate; "" where there is none.
    elapsed : float
        Seconds that the strategy's rounds up to this one took, >= 0.
    """

    strategy: str
    round: int
    numbers: Mapping[str, float]
    people: Mapping[str, Mapping[str, float]]
    kinds: Mapping[str, str]
    branch: str
    elapsed: float

    def flat(self) -> dict[str, float]:
        """Give all numbers by one name each, as `weight/site-a`; see `plain_name`.

        How many counted by which kind of reason is among them, as
        `reasons/left_out_by_q`.

        Examples
        --------
        >>> people, kinds = {"a": {"q": 1.0}}, {"a": "left out by q"}
        >>> one = TrackedRound("anml", 1, {"rho_c": 0.5}, people, kinds, "", 0.0)
        >>> one.flat()
        {'rho_c': 0.5, 'q/a': 1.0, 'reasons/left_out_by_q': 1.0}
        """
        found = dict(self.numbers)
        for who, numbers in self.people.items():
            plain = plain_name(who)
            found |= {f"{name}/{plain}": value for name, value in numbers.items()}
        for kind, many in sorted(Counter(self.kinds.values()).items()):
            found[f"reasons/{plain_name(kind.replace(' ', '_'))}"] = float(many)
        return found


def tracked_round(
    record: RoundRecord, dials: Dials, pool: int | None = None, elapsed: float = 0.0
) -> TrackedRound:
    """Take out of a round's record what trackers are told of it.

    Parameters
    ----------
    record : RoundRecord
        With its seconds, where they are known.
    dials : Dials
        The run's settings that weights depend on.
    pool : int, optional
        Micro-units that the round shares, in [0, 2**53 - 1]; None of a strategy that pays
        nobody.
    elapsed : float
        As in `TrackedRound`.

    Examples
    --------
    >>> from anml_fl.method.records import ContributorRecord, RoundRecord
    >>> from anml_fl.reasons.schemes import Dials
    >>> one = ContributorRecord("a", 1.0, 0.8, 0.4, 1.0, 0.32, 1.0, True, examples=100.0)
    >>> record = RoundRecord(1, "anml", "krum", float("nan"), 0.32, (one,))
    >>> found = tracked_round(record, Dials(), pool=10)
    >>> found.people["a"]["payout"], found.kinds["a"], "rho_c" in found.numbers
    (10.0, 'counted', False)
    """
    paid: list[int] | None = None
    if pool is not None:
        paid = payouts([one.weight for one in record.contributors], pool).tolist()
    people = {
        one.contributor: _person(one, None if paid is None else paid[place])
        for place, one in enumerate(record.contributors)
    }
    reasons = RoundReasons(record, dials).all()
    return TrackedRound(
        strategy=record.strategy,
        round=record.round,
        numbers=_of_all(record),
        people=people,
        kinds={reason.contributor: _kind(reason) for reason in reasons},
        branch=record.branch or "",
        elapsed=elapsed,
    )


def _of_all(record: RoundRecord) -> dict[str, float]:
    found: dict[str, float] = {name: getattr(record, name) for name in _OF_A_ROUND}
    found["seconds"] = record.seconds
    found["asked"] = len(record.contributors)
    found["left_out"] = record.excluded
    if record.judgement is not None:
        for name in ("base_rate", "c", "cap", "damping"):
            found[f"judgement/{name}"] = getattr(record.judgement, name)
    return _finite(found)


def _person(one: ContributorRecord, paid: int | None) -> dict[str, float]:
    found: dict[str, float | None] = {name: getattr(one, name) for name in _OF_A_PERSON}
    found["selected"] = one.selected
    found["payout"] = paid
    if one.judgement is not None:
        found["posterior"] = one.judgement.posterior
    return _finite(found)


def _finite(found: Mapping[str, float | None]) -> dict[str, float]:
    return {
        name: float(value)
        for name, value in found.items()
        if value is not None and math.isfinite(value)
    }


def _kind(reason: Reason) -> str:
    return f"{reason.status} by {reason.decided_by}" if reason.decided_by else reason.status
