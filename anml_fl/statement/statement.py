"""A statement: one contributor in all rounds of a run, as far as its ledger has them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

from anml_fl.ledger.people import spelled_out
from anml_fl.reasons.reason import Status

if TYPE_CHECKING:
    from anml_fl.ledger.entry import Fields
    from anml_fl.reasons.over_rounds import OverRounds
    from anml_fl.reasons.reason import Reason

KIND, FORMAT = "statement", 1
"""By the kind no statement can be taken for an entry of a ledger, which the same key signs."""

FROM_RECORDS = ("examples", "refused_credentials", "why", "over")
"""Fields that follow from records alone: all others the ledger spells out."""

# Said elsewhere in a statement; and, last, another contributor's number.
_NOT_TOLD = ("contributor", "strategy", "round", "status", "weight", "told", "line")


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedRound:
    """One round that asked the contributor.

    Parameters
    ----------
    round : int
        From 1.
    entry : int
        Place of the round's entry in the ledger, from 0.
    line : str
        Hash of that entry's line, without its newline.
    record : str, optional
        Hash of the round's line in `rounds.jsonl`, as its entry has it; None in a ledger of
        the older form.
    pool : int
        Micro-units that the round shared.
    payout : int
        Of them, what the contributor got.
    q, v, r, T : float, optional
        Signals in [0, 1]; None where unknown.
    weight : float, optional
        Share of the step, in [0, 1]; None under a coordinate-wise rule.
    selected : bool
        Whether its update went into the new model.
    valid : bool
        Whether a valid reply came.
    new_model : bool
        Whether anybody's update was used.
    status : str
        As of `Reason`.
    reason : str, optional
        Why its reply was refused, as recorded.
    examples : float, optional
        That its update counted for; None without a valid reply.
    refused_credentials : tuple of str
        Why each credential that it showed, and that does not hold, was refused.
    why : Reason, optional
        What decided; None where records are not at hand.
    held : str, optional
        Why the round paid nobody when it was settled; None of one that was paid.
    """

    round: int
    entry: int
    line: str
    record: str | None
    pool: int
    payout: int
    q: float | None
    v: float | None
    r: float | None
    T: float | None
    weight: float | None
    selected: bool
    valid: bool
    new_model: bool
    status: Status
    reason: str | None = None
    examples: float | None = None
    refused_credentials: tuple[str, ...] = ()
    why: Reason | None = None
    held: str | None = None

    def fields(self) -> Fields:
        """Give what JSON has of it."""
        own = {name: getattr(self, name) for name in self.__slots__ if name != "why"}
        if self.held is None:
            del own["held"]
        return {**own, "why": None if self.why is None else _told(self.why)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What one contributor sent, how it counted, why, and what it earned.

    Parameters
    ----------
    run, strategy : str
        As the ledger's open entry names them.
    contributor : str
        Stable identity, as the ledger spells it.
    public_key : str
        That the ledger was checked with, 64 hexadecimal digits.
    head : str
        SHA-256 of the last entry that was there, 64 hexadecimal digits.
    entries : int
        How many were there.
    closed : bool
        Whether the last of them closes the ledger: otherwise the run still went on.
    pool : int
        Micro-units for each round.
    settled : int
        Rounds that were settled.
    shared : int
        Micro-units that they shared among all.
    rounds : tuple of StatedRound
        Those that asked the contributor, in their order.
    over : OverRounds, optional
        Why it got its weights, over these rounds; None where records are not at hand.
    """

    run: str
    strategy: str
    contributor: str
    public_key: str
    head: str
    entries: int
    closed: bool
    pool: int
    settled: int
    shared: int
    rounds: tuple[StatedRound, ...]
    over: OverRounds | None = None

    @property
    def payout(self) -> int:
        """Micro-units that it earned in all."""
        return sum(one.payout for one in self.rounds)

    @property
    def statuses(self) -> dict[Status, int]:
        """In how many rounds it had each status."""
        found = Counter(one.status for one in self.rounds)
        return {status: found[status] for status in get_args(Status)}

    def fields(self) -> Fields:
        """Give what JSON has of it, but for the signature.

        Returns
        -------
        dict
            What RFC 8785 can write: no number that is not finite, no half of a character.
        """
        fields: Fields = plain(
            {
                "kind": KIND,
                "format": FORMAT,
                "run": self.run,
                "strategy": self.strategy,
                "contributor": self.contributor,
                "public_key": self.public_key,
                "head": self.head,
                "entries": self.entries,
                "closed": self.closed,
                "pool": self.pool,
                "rounds": [one.fields() for one in self.rounds],
                "totals": {
                    "rounds": self.settled,
                    "asked": len(self.rounds),
                    "valid": sum(one.valid for one in self.rounds),
                    "statuses": self.statuses,
                    "payout": self.payout,
                    "shared": self.shared,
                },
                "over": None if self.over is None else _told(self.over),
            }
        )
        return fields


def plain(value: Any) -> Any:
    r"""Turn a value into what canonical JSON can hold.

    Examples
    --------
    >>> plain({"a\ud800": (1.5, float("nan"), None)})
    {'a\\ud800': [1.5, None, None]}
    """
    if isinstance(value, str):
        return spelled_out(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {spelled_out(name): plain(one) for name, one in value.items()}
    if isinstance(value, Sequence):
        return [plain(one) for one in value]
    return value


def _told(reason: Reason | OverRounds) -> dict[str, Any]:
    return {name: one for name, one in reason.fields().items() if name not in _NOT_TOLD}
