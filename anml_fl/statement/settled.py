"""A run as its ledger settled it: entries, and the records and reasons that they stand for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from anml_fl.ledger.holding import harm_words, held_share
from anml_fl.reasons.over_rounds import OverRounds
from anml_fl.reasons.tally import Tally
from anml_fl.statement.statement import StatedRound, Statement

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anml_fl.ledger.entry import Fields
    from anml_fl.reasons.reason import Reason, Status
    from anml_fl.reasons.round_reasons import RoundReasons


@dataclass(frozen=True, eq=False)
class SettledRound:
    """One round's entry, and why everybody got the weight that it says.

    Parameters
    ----------
    entry : dict
        Of a ledger that was verified.
    line : str
        Hash of the entry's line.
    reasons : RoundReasons, optional
        Of the record that the entry stands for; None where records are not at hand.
    """

    entry: Fields
    line: str
    reasons: RoundReasons | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Whom the round asked, in the order of the entry."""
        return tuple(self._places)

    @cached_property
    def _places(self) -> Mapping[str, int]:
        people = self.entry["contributors"]
        return {one["contributor"]: place for place, one in enumerate(people)}

    @cached_property
    def _new_model(self) -> bool:
        return any(one["selected"] and _valid(one) for one in self.entry["contributors"])

    @cached_property
    def _known(self) -> tuple[str, ...]:
        """Name the strategies of which it is known what the weights were under them."""
        if self.reasons is None:
            return ()
        people = zip(self.entry["contributors"], self.reasons.record.contributors, strict=True)
        first = next((own.contributor for one, own in people if _valid(one)), None)
        return () if first is None else tuple(self.reasons.of(first).under)

    def stated(self, contributor: str) -> StatedRound | None:
        """State what the round has of a contributor; None where it was not asked."""
        if (place := self._places.get(contributor)) is None:
            return None
        entry, one = self.entry, self.entry["contributors"][place]
        stated = StatedRound(
            round=entry["round"],
            entry=entry["number"],
            line=self.line,
            record=entry.get("record"),
            pool=entry["pool"],
            **{name: one[name] for name in ("payout", "q", "v", "r", "T", "weight")},
            selected=one["selected"],
            valid=_valid(one),
            new_model=self._new_model,
            status=self._status(one),
            reason=one["reason"],
            held=_held(entry, contributor),
        )
        if self.reasons is None:
            return stated
        own = self.reasons.record.contributors[place]
        return replace(
            stated,
            examples=own.examples,
            refused_credentials=own.refused_credentials,
            why=_own_part(
                self.reasons.of(own.contributor), trusted=self.reasons.numbers.trusted
            ),
        )

    def add_to(self, tally: Tally, why: Reason) -> None:
        """Add what the round has of a contributor to what other rounds had."""
        tally.add(why, made=self._new_model, others=self._known)

    def _status(self, one: Fields) -> Status:
        if not _valid(one):
            return "refused"
        if not self._new_model:
            return "no new model"
        return "counted" if one["selected"] else "left out"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SettledRun:
    """A run up to some entry of its ledger.

    Parameters
    ----------
    opened : dict
        The open entry.
    public_key, head : str
        As of `Statement`.
    rounds : tuple of SettledRound
        All, or those up to the entry.
    closed : bool
        Whether the ledger's close is the last of the entries.
    """

    opened: Fields
    public_key: str
    head: str
    rounds: tuple[SettledRound, ...]
    closed: bool

    @property
    def contributors(self) -> tuple[str, ...]:
        """Whoever was asked in any round, by name."""
        return tuple(sorted({name for one in self.rounds for name in one.names}))

    @property
    def entries(self) -> int:
        """How many entries there are."""
        return 1 + len(self.rounds) + self.closed

    def statement(self, contributor: str) -> Statement:
        """State what the run has of a contributor.

        Parameters
        ----------
        contributor : str
            As the ledger spells it.

        Raises
        ------
        KeyError
            If no round asked it.
        """
        found = [(one, stated) for one in self.rounds if (stated := one.stated(contributor))]
        if not found:
            raise KeyError(contributor)
        strategy, tally = self.opened["strategy"], Tally()
        for one, stated in found:
            if stated.why is not None:
                one.add_to(tally, stated.why)
        whole = all(stated.why is not None for _, stated in found)
        return Statement(
            run=self.opened["run"],
            strategy=strategy,
            contributor=contributor,
            public_key=self.public_key,
            head=self.head,
            entries=self.entries,
            closed=self.closed,
            pool=self.opened["pool"],
            settled=len(self.rounds),
            shared=sum(one.entry["pool"] for one in self.rounds),
            rounds=tuple(stated for _, stated in found),
            over=OverRounds(contributor=contributor, strategy=strategy, **tally.result())
            if whole
            else None,
        )


def _held(entry: Fields, contributor: str) -> str | None:
    """Say why a round is held, of other contributors nothing but their share together."""
    if "held" not in entry:
        return None
    told = f"{held_share(entry['held'])} would go to harm"
    own = [one for one in entry["held"]["harmful"] if one["contributor"] == contributor]
    return f"{told}; of it to this contributor {harm_words(own[0])}" if own else told


def _own_part(reason: Reason, *, trusted: bool) -> Reason:
    """Leave out what is of one other contributor alone: means over all stay.

    A round's note may name others, and the nearest number that was kept is another's. So may
    be the evidence that would have kept it: without trusted rows the better half is kept.
    """
    told = None if reason.status == "no new model" else reason.told
    missing = reason.missing if trusted else None
    return replace(reason, line=None, told=told, missing=missing)


def _valid(one: Fields) -> bool:
    return one["reason"] is None and one["q"] is not None
