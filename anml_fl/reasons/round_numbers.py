"""What a round's weights were made of: its valid replies, in columns."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from anml_fl.method.records import ContributorRecord, RoundRecord

    Column = NDArray[np.float64]

NONE = "none"
"""As `RoundJudgement.root` says that nothing vouches for the evidence."""

# Of s beside v r, which it is; and of a share beside 1.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoundNumbers:
    """The valid replies of one round, by stable identity.

    Parameters
    ----------
    names : tuple of str
    q, v, r, T, s : (n,) float64
        Signals in [0, 1].
    examples : (n,) float64
        Example factors, > 0; nan in records that do not have them.
    shares : (n,) float64
        As recorded, summing to 1; nan under a coordinate-wise rule, and for what is no share.
    selected : (n,) bool
        As recorded.
    measured : (n,) float64
        By the rule's own measure; nan where there is none.
    copies : (n,) float64
        Contributors that send one's update, itself included.
    evidence : mapping
        Kind to log-likelihood ratios (n,) in nats; empty unless evidence was weighed.
    worth : (n,) float64
        What credentials proved worth, in nats, where evidence was weighed.
    judged : bool
        Whether it was.
    trusted : bool
        Whether rows vouch for it.
    """

    names: tuple[str, ...]
    q: Column
    v: Column
    r: Column
    T: Column
    s: Column
    examples: Column
    shares: Column
    selected: NDArray[np.bool_]
    measured: Column
    copies: Column
    evidence: Mapping[str, Column]
    worth: Column
    judged: bool = False
    trusted: bool = False

    @classmethod
    def of(cls, record: RoundRecord) -> RoundNumbers:
        """Take them from a record.

        Examples
        --------
        >>> from anml_fl.method.records import ContributorRecord, RoundRecord
        >>> one = ContributorRecord("a", 0.5, 1, 1, 1, 1, 1.0, True, examples=40.0)
        >>> RoundNumbers.of(RoundRecord(1, "anml", "krum", 0.0, 1.0, (one,))).examples
        array([40.])
        """
        people = valid(record)
        judged = [one.judgement for one in people if one.judgement is not None]
        whole = record.judgement is not None and len(judged) == len(people)
        kinds = sorted({kind for one in judged for kind in one.evidence}) if whole else []
        shares = _column([one.weight for one in people])
        return cls(
            names=tuple(one.contributor for one in people),
            q=_column([one.q for one in people]),
            v=_column([one.v for one in people]),
            r=_column([one.r for one in people]),
            T=_column([one.T for one in people]),
            s=_column([one.s for one in people]),
            examples=_column([one.examples for one in people]),
            shares=np.where((shares >= 0) & (shares <= 1 + _ROUNDING), shares, math.nan),
            selected=np.array([one.selected for one in people], dtype=bool),
            measured=_column([one.measured for one in people]),
            copies=_column([one.copies for one in judged] if whole else [1.0] * len(people)),
            worth=_column([one.worth for one in judged] if whole else [0.0] * len(people)),
            evidence={
                kind: _column([one.evidence.get(kind, 0.0) for one in judged])
                for kind in kinds
            },
            judged=whole,
            trusted=record.judgement is not None and record.judgement.root != NONE,
        )

    @property
    def sound(self) -> bool:
        """Whether the method could have been given this: all but a damaged record has it."""
        signals = np.array([self.q, self.v, self.r, self.T, self.s])
        return bool(
            self.names
            and ((signals >= 0) & (signals <= 1)).all()
            and (np.abs(self.s - self.v * self.r) <= _ROUNDING).all()
            and (np.isfinite(self.examples) & (self.examples > 0)).all()
        )

    @property
    def counted(self) -> NDArray[np.bool_]:
        """Who has a part in the step: whoever was selected, and not with a weight of 0."""
        found: NDArray[np.bool_] = self.selected & (self.shares != 0)  # nan is none
        return found

    def column(self, factor: str) -> Column | None:
        """Give the numbers by which a factor tells contributors apart; None without any.

        Parameters
        ----------
        factor : str
            As in `Reason.decided_by`.
        """
        columns = {
            "q": self.q,
            "credentials": self.s,
            "freshness": self.T,
            "examples": self.examples,
            "copies": self.copies,
            "worth": self.worth,
            "measure": self.measured,
        }
        return {**columns, **self.evidence}.get(factor)


def valid(record: RoundRecord) -> list[ContributorRecord]:
    """List whose reply could be used in a round: it has a q, and was not left out.

    Examples
    --------
    >>> from anml_fl.method.records import RoundRecord
    >>> valid(RoundRecord(1, "anml", None, 0.0, 0.0, ()))
    []
    """
    return [one for one in record.contributors if one.reason is None and math.isfinite(one.q)]


def _column(values: list[float | None] | list[float]) -> Column:
    # None becomes nan.
    return np.array(values, dtype=np.float64)
