"""How the shares of one round come about: whose part is how much, and what else they were."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.chain import JOINT
from anml_fl.reasons import schemes
from anml_fl.reasons.levels import Levels
from anml_fl.reasons.parts import parts
from anml_fl.reasons.taken import (
    ALTERNATIVES,
    EXAMPLES,
    MEASURE,
    ORDER,
    RULE,
    alike_all,
    before_selection,
    is_calibrated,
    taken,
    tells,
    tried,
    without,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from anml_fl.method.records import RoundRecord
    from anml_fl.reasons.round_numbers import RoundNumbers
    from anml_fl.reasons.schemes import Dials
    from anml_fl.reasons.taken import Shares, Taken


@dataclass(frozen=True, eq=False)
class RoundShares:
    """The shares of a round's valid replies, and what they would have been.

    Parameters
    ----------
    record : RoundRecord
    found : RoundNumbers
        Of the record.
    dials : Dials
    """

    record: RoundRecord
    found: RoundNumbers
    dials: Dials
    _levels: dict[str, Levels | None] = field(init=False, default_factory=dict)

    @cached_property
    def made(self) -> Taken | None:
        """What made them; None where it is not known."""
        return taken(self.record, self.found, self.dials)

    @cached_property
    def places(self) -> NDArray[np.intp]:
        """Place of each by share, from 1: as many are heavier, and one more."""
        shares = self.found.shares
        known = np.sort(shares[np.isfinite(shares)])
        return known.size - np.searchsorted(known, shares, side="right") + 1

    @property
    def chooser(self) -> str:
        """What chose, or weighed, where no factor did, or none is known."""
        if self._by_order:
            return ORDER
        # Behind pre-aggregations a rule measures what they made of the updates.
        direct = JOINT not in self.record.strategy
        return MEASURE if self.record.measure and direct else RULE

    @cached_property
    def chosen(self) -> bool:
        """Whether it did."""
        made = self.made
        if made is None or self._by_order:
            return True
        return made.scheme is schemes.kept_mean and not bool(self.found.selected.all())

    @cached_property
    def kept_by_evidence(self) -> bool:
        """Whether who was kept follows from evidence; examples are not asked for that."""
        found = self.found
        return is_calibrated(self.record, found) and np.array_equal(
            schemes.kept(found), found.selected
        )

    def tied(self, row: int) -> bool:
        """Whether one that was left out weighs as much as one that was selected, and not 0."""
        raw, least = self._raw, self._least_kept
        if raw is None or least is None or self.found.selected[row]:
            return False
        # Who weighs nothing would be left out in a better place too.
        return bool(0 < raw[row] >= least)

    def levels(self, factor: str) -> Levels | None:
        """How high all stand by what decided of one; None where it has no numbers."""
        if factor not in self._levels:
            column, measure = self.found.column(factor), self.record.measure
            less = factor == MEASURE and measure is not None and not measure.more
            self._levels[factor] = (
                column if column is None else Levels.of(column, self.found.counted, less=less)
            )
        return self._levels[factor]

    @cached_property
    def parts(self) -> Mapping[str, Shares]:
        """Factor to its parts of share - equal, by Shapley's value; they sum to that."""
        found, made = self.found, self.made
        if not np.isfinite(found.shares).all():
            return {}
        equal = 1 / len(found.names)
        if made is None:
            return {self.chooser: found.shares - equal}
        if self.chosen:
            # By examples first; what the rule did then is its own.
            known = schemes.fedavg(found, self.dials)
            return {EXAMPLES: known - equal, self.chooser: found.shares - known}
        unknown = np.full(len(found.names), np.nan)

        def shares_of(some: frozenset[str]) -> Shares:
            shares = without(made, set(self._factors) - some, found, self.dials)
            return unknown if shares is None else shares

        divided = parts(self._factors, shares_of)
        if all(np.isfinite(of).all() for of in divided.values()):
            return divided
        return {self.chooser: found.shares - equal}

    @cached_property
    def without(self) -> Mapping[str, Shares]:
        """Factor to the shares, had that told nobody apart."""
        made = self.made
        if made is None:
            return {}
        if self.chosen:
            return {self.chooser: schemes.fedavg(self.found, self.dials)}
        return _given(
            {one: without(made, (one,), self.found, self.dials) for one in self._factors}
        )

    @cached_property
    def uncut(self) -> Shares | None:
        """The shares, had nobody been cut off as too light; None where nobody was."""
        if self.made is None or not self.made.selects or self.found.selected.all():
            return None
        return tried(self.made.scheme, self.found, replace(self.dials, fraction=1.0))

    @cached_property
    def under(self) -> Mapping[str, Shares]:
        """Other strategies to the shares under them."""
        if self.made is None and self.record.branch is not None:
            return {}  # its q, or its settings, are none of those that are known here
        return _given(
            {
                name: tried(scheme, self.found, self.dials)
                for name, scheme in ALTERNATIVES.items()
                if name != self.record.strategy
            }
        )

    @cached_property
    def _factors(self) -> tuple[str, ...]:
        made = self.made
        return tuple(one for one in made.factors if tells(self.found, one)) if made else ()

    @cached_property
    def _raw(self) -> Shares | None:
        made = self.made
        return (
            before_selection(made, self.found, self.dials) if made and made.selects else None
        )

    @cached_property
    def _least_kept(self) -> float | None:
        raw, kept = self._raw, self.found.selected
        return None if raw is None or not kept.any() else float(raw[kept].min())

    @cached_property
    def _by_order(self) -> bool:
        """Whether all weighed the same, and the fraction was taken by name."""
        return alike_all(self._raw) and not self.found.selected.all()


def _given(tries: Mapping[str, Shares | None]) -> Mapping[str, Shares]:
    return {name: shares for name, shares in tries.items() if shares is not None}
