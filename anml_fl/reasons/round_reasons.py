"""Why everybody of a round got its weight: computed once, told of each."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.method.calibrated.judging import KEPT
from anml_fl.reasons import schemes
from anml_fl.reasons.parts import parts
from anml_fl.reasons.reason import Reason
from anml_fl.reasons.round_numbers import RoundNumbers
from anml_fl.reasons.taken import (
    ALTERNATIVES,
    EXAMPLES,
    MEASURE,
    RULE,
    taken,
    tells,
    tried,
    without,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from anml_fl.method.records import ContributorRecord, RoundRecord
    from anml_fl.reasons.schemes import Dials
    from anml_fl.reasons.taken import Shares, Taken

# A part that is less of an equal share does not tell anybody apart.
_LEAST = 0.005


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
        return self._taken is not None

    @property
    def same_outside(self) -> bool:
        """Whether v r tells no valid reply from another."""
        return bool(np.ptp(self._found.s) == 0) if self._found.names else True

    @cached_property
    def _people(self) -> Mapping[str, ContributorRecord]:
        return {one.contributor: one for one in self.record.contributors}

    @cached_property
    def _found(self) -> RoundNumbers:
        return RoundNumbers.of(self.record)

    @cached_property
    def _taken(self) -> Taken | None:
        return taken(self.record, self._found, self.dials)

    @cached_property
    def _rows(self) -> Mapping[str, int]:
        return {name: row for row, name in enumerate(self._found.names)}

    @cached_property
    def _places(self) -> NDArray[np.intp]:
        # As many are heavier, and one more.
        shares = self._found.shares
        return shares.size - np.searchsorted(np.sort(shares), shares, side="right") + 1

    @cached_property
    def _factors(self) -> tuple[str, ...]:
        """What told contributors apart, where it is known what made the weights."""
        made = self._taken
        return tuple(one for one in made.factors if tells(self._found, one)) if made else ()

    @cached_property
    def _chosen(self) -> bool:
        """Whether something else chose, or weighed, of which no more is known."""
        made = self._taken
        return made is None or (
            made.scheme is schemes.kept_mean and not bool(self._found.selected.all())
        )

    @cached_property
    def _parts(self) -> Mapping[str, Shares]:
        found, made = self._found, self._taken
        if np.isnan(found.shares).any() or np.isnan(found.examples).any():
            return {}
        if self._chosen or made is None:
            # By examples first; what the rule did then is its own.
            known, equal = schemes.fedavg(found, self.dials), 1 / len(found.names)
            return {EXAMPLES: known - equal, self._chooser: found.shares - known}
        unknown = np.full(len(found.names), math.nan)

        def shares_of(some: frozenset[str]) -> Shares:
            shares = without(made, set(self._factors) - some, found, self.dials)
            return unknown if shares is None else shares

        divided = parts(self._factors, shares_of)
        return {name: of for name, of in divided.items() if np.isfinite(of).all()}

    @cached_property
    def _without(self) -> Mapping[str, Shares]:
        if self._chosen or self._taken is None:
            return self._given({self._chooser: tried(schemes.fedavg, self._found, self.dials)})
        made = self._taken
        return self._given(
            {one: without(made, (one,), self._found, self.dials) for one in self._factors}
        )

    @cached_property
    def _uncut(self) -> Shares | None:
        if self._taken is None or not self._taken.selects:
            return None
        return tried(self._taken.scheme, self._found, replace(self.dials, fraction=1.0))

    @staticmethod
    def _given(tries: Mapping[str, Shares | None]) -> Mapping[str, Shares]:
        return {name: shares for name, shares in tries.items() if shares is not None}

    @cached_property
    def _under(self) -> Mapping[str, Shares]:
        if self._taken is None and self.record.branch is not None:
            return {}  # its q, or its settings, are none of those that are known here
        return self._given(
            {
                name: tried(scheme, self._found, self.dials)
                for name, scheme in ALTERNATIVES.items()
                if name != self.record.strategy
            }
        )

    @property
    def _chooser(self) -> str:
        return MEASURE if self.record.measure else RULE

    def _of(self, person: ContributorRecord) -> Reason:
        record, n = self.record, len(self._found.names)
        row = self._rows.get(person.contributor)
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
        if not self._found.selected.any():
            return replace(reason, status="no new model", equal=1 / n, told=record.note)
        factor = self._decisive(row)
        return replace(
            reason,
            status="counted" if person.selected else "left out",
            weight=None if math.isnan(person.weight) else person.weight,
            equal=1 / n,
            place=None if math.isnan(person.weight) else int(self._places[row]),
            decided_by=factor,
            measure=record.measure.name if factor == MEASURE and record.measure else None,
            **self._measured(row, factor, kept=person.selected),
            missing=self._missing(person),
            parts={name: float(of[row]) for name, of in self._parts.items()},
            without={name: float(shares[row]) for name, shares in self._without.items()},
            uncut=None if self._uncut is None else float(self._uncut[row]),
            under={name: float(shares[row]) for name, shares in self._under.items()},
        )

    def _decisive(self, row: int) -> str | None:
        """Name whose part took a share farthest the way that it lies from an equal one."""
        share, equal = self._found.shares[row], 1 / len(self._found.names)
        if math.isnan(share):
            return None if self._found.selected[row] else self._chooser
        way = 1.0 if share >= equal else -1.0
        pulls = {name: way * of[row] for name, of in self._parts.items()}
        most = max(pulls, key=lambda name: pulls[name], default=None)
        return most if most is not None and pulls[most] > _LEAST * equal else None

    def _measured(self, row: int, factor: str | None, *, kept: bool) -> dict[str, Any]:
        found = self._found
        column = found.column(factor) if factor else None
        if column is None or not math.isfinite(column[row]):
            return {}
        finite = column[np.isfinite(column)]
        value, low, high = float(column[row]), float(finite.min()), float(finite.max())
        less = factor == MEASURE and self.record.measure and not self.record.measure.more
        those = column[found.selected & np.isfinite(column)]
        line = None
        if not kept and those.size:
            nearest = float(those.max() if less else those.min())
            line = nearest if (value > nearest if less else value < nearest) else None
        return {
            "value": value,
            "mean": float(np.mean(finite)),
            "line": line,
            "at_an_end": 0 if low == high else (value == high) - (value == low),
        }

    def _missing(self, person: ContributorRecord) -> float | None:
        judged, whole = person.judgement, self.record.judgement
        if judged is None or whole is None or person.selected:
            return None
        short = KEPT - whole.base_rate - judged.l - judged.worth
        return short if short > 0 else None
