"""Why everybody of a round got its weight: computed once, told of each."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from anml_fl.reasons.decisive import decisive, measured
from anml_fl.reasons.missing import missing
from anml_fl.reasons.reason import Reason
from anml_fl.reasons.round_numbers import RoundNumbers
from anml_fl.reasons.round_shares import RoundShares
from anml_fl.reasons.taken import MEASURE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anml_fl.method.records import ContributorRecord, RoundRecord
    from anml_fl.reasons.schemes import Dials


@dataclass(frozen=True, eq=False)
class RoundReasons:
    """The reasons of one round.

    Parameters
    ----------
    record : RoundRecord
    dials : Dials
        The run's settings that weights depend on.

    Examples
    --------
    >>> from anml_fl.method.records import ContributorRecord, RoundRecord
    >>> from anml_fl.reasons.schemes import Dials
    >>> people = tuple(
    ...     ContributorRecord(who, q, 0.8, 0.4, 1.0, 0.32, weight, True, examples=100.0)
    ...     for who, q, weight in (("a", 1.0, 0.625), ("b", 0.6, 0.375), ("c", 0.0, 0.0))
    ... )
    >>> record = RoundRecord(1, "anml", "krum", float("nan"), 0.32, people)
    >>> reason = RoundReasons(record, Dials(fraction=1.0)).of("c")
    >>> reason.decided_by, reason.weight, round(reason.under["softmax_blend"], 3)
    ('q', 0.0, 0.257)
    """

    record: RoundRecord
    dials: Dials

    def of(self, contributor: str) -> Reason:
        """Tell why one contributor got its weight.

        Raises
        ------
        KeyError
            If the round did not ask it.
        """
        return self._of(self._people[contributor])

    def all(self) -> tuple[Reason, ...]:
        """Tell of everybody who was asked, in the record's order."""
        return tuple(map(self._of, self.record.contributors))

    @property
    def reproduced(self) -> bool:
        """Whether the recorded weights are those that the method makes of the record."""
        return self._shares.made is not None

    @property
    def numbers(self) -> RoundNumbers:
        """The valid replies that they are of, in columns."""
        return self._shares.found

    @cached_property
    def _people(self) -> Mapping[str, ContributorRecord]:
        return {one.contributor: one for one in self.record.contributors}

    @cached_property
    def _shares(self) -> RoundShares:
        return RoundShares(self.record, RoundNumbers.of(self.record), self.dials)

    @cached_property
    def _rows(self) -> Mapping[str, int]:
        return {name: row for row, name in enumerate(self.numbers.names)}

    def _of(self, person: ContributorRecord) -> Reason:
        record, found, shares = self.record, self.numbers, self._shares
        n, row = len(found.names), self._rows.get(person.contributor)
        reason = Reason(
            contributor=person.contributor,
            strategy=record.strategy,
            round=record.round,
            status="refused",
            weight=0.0,
            replies=n,
            told=person.reason,
            branch=record.branch,
        )
        if row is None:
            return reason
        reason = replace(reason, equal=1 / n, told=record.note)
        if not found.counted.any():
            return replace(reason, status="no new model")
        factor = decisive(shares, row)
        share = float(found.shares[row])
        known = math.isfinite(share)
        return replace(
            reason,
            status="counted" if found.counted[row] else "left out",
            weight=share if known else None,
            place=int(shares.places[row]) if known else None,
            decided_by=factor,
            measure=record.measure.name if factor == MEASURE and record.measure else None,
            **measured(shares, row, factor),
            missing=missing(found, row) if shares.kept_by_evidence else None,
            parts={name: float(of[row]) for name, of in shares.parts.items()},
            without={name: float(of[row]) for name, of in shares.without.items()},
            uncut=None if shares.uncut is None else float(shares.uncut[row]),
            under={name: float(of[row]) for name, of in shares.under.items()},
        )
