"""What one round decided, and why: the one account that log, page and ledger read."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from typing import Any

from anml_fl.method.contributor_record import ContributorRecord
from anml_fl.method.json_text import json_text
from anml_fl.method.judgement import ContributorJudgement, RoundJudgement
from anml_fl.method.measure import Measure

__all__ = ["ContributorRecord", "RoundRecord"]


@dataclass(frozen=True, slots=True)
class RoundRecord:
    """One round: every decision that was taken, and on what ground.

    Parameters
    ----------
    round : int
        From 1.
    strategy : str
        Name in the catalogue.
    branch : str, optional
        "uniform", "blend", "krum" or "multiplicative"; None for a rule without
        branches, and for a round without a valid reply.
    rho_c : float
        Pearson correlation of q and s; nan where undefined.
    min_s : float
        Least external signal among the valid replies; nan without any.
    contributors : tuple of ContributorRecord
        By stable identity: everyone who was asked.
    refused : tuple of str
        Replies that could be credited to nobody, with the reason; sorted.
    note : str, optional
        What else bent the decision (too few replies for Krum, all weights zero).
    bytes_sent, bytes_received : int
        Array bytes sent to the contributors and received in valid replies.
    at : float
        The instant at which the registry was asked for v, r and T, in years on its
        clock: asked for it again, it gives the same.
    test_error : float
        Error of the new model on the server's test set, in [0, 1]; of values 1 - R2, which may
        exceed 1. nan if not tested.
    buffers : tuple of str
        The model's arrays that are no parameters, and at which q did not look.
    seconds : float
        Wall-clock time from the first instruction to the decision. The only field
        that differs between two runs of one seed: `to_json` leaves it out.
    test_score : float
        The new model's score on the test set by the run's metric; nan without one.
    judgement : RoundJudgement, optional
        What held for all contributors, under `calibrated`.
    measure : Measure, optional
        What `ContributorRecord.measured` is, under a rule that goes by one number.
    """

    round: int
    strategy: str
    branch: str | None
    rho_c: float
    min_s: float
    contributors: tuple[ContributorRecord, ...]
    refused: tuple[str, ...] = ()
    note: str | None = None
    bytes_sent: int = 0
    bytes_received: int = 0
    at: float = 0.0
    test_error: float = math.nan
    seconds: float = math.nan
    buffers: tuple[str, ...] = ()
    test_score: float = math.nan
    judgement: RoundJudgement | None = None
    measure: Measure | None = None

    @property
    def excluded(self) -> int:
        """Replies left out: those of known contributors and those of nobody."""
        return sum(c.reason is not None for c in self.contributors) + len(self.refused)

    def to_json(self) -> str:
        """Write one line of JSON, the same bytes for the same decisions; nan is null.

        Examples
        --------
        >>> RoundRecord(1, "anml", None, math.nan, math.nan, ()).to_json()[:44]
        '{"at":0.0,"branch":null,"bytes_received":0,"'
        """
        told = {
            "at": self.at,
            "branch": self.branch,
            "buffers": self.buffers,
            "bytes_received": self.bytes_received,
            "bytes_sent": self.bytes_sent,
            "contributors": (),
        }
        rest = {
            "judgement": None if self.judgement is None else asdict(self.judgement),
            "measure": None if self.measure is None else asdict(self.measure),
            "min_s": self.min_s,
            "note": self.note,
            "refused": self.refused,
            "rho_c": self.rho_c,
            "round": self.round,
            "strategy": self.strategy,
            "test_error": self.test_error,
            "test_score": self.test_score,
        }
        if not self.buffers:  # as nearly always
            del told["buffers"]
        if not math.isfinite(self.test_score):
            del rest["test_score"]
        if self.judgement is None:  # as under all rules but one
            del rest["judgement"]
        if self.measure is None:
            del rest["measure"]
        people = ",".join([one.to_json() for one in self.contributors])
        # Each is an object of its own: of the first "]}" is cut off, of the second "{".
        return f"{json_text(told)[:-2]}{people}],{json_text(rest)[1:]}"

    @classmethod
    def from_json(cls, line: str) -> RoundRecord:
        """Read a line that `to_json` wrote.

        Parameters
        ----------
        line : str
            One line of `rounds.jsonl`.

        Returns
        -------
        RoundRecord
            With `seconds` nan.

        Raises
        ------
        ValueError
            If the line is not such a record.

        Examples
        --------
        >>> record = RoundRecord(1, "anml", "krum", 0.1, 0.2, ())
        >>> RoundRecord.from_json(record.to_json()).branch
        'krum'
        """
        try:
            fields = json.loads(line)
            people = tuple([_person(one) for one in fields.pop("contributors")])
            fields["refused"] = tuple(fields["refused"])
            fields["buffers"] = tuple(fields.get("buffers", ()))
            judgement = _judged(RoundJudgement, fields)
            if (judgement is None) == any(one.judgement for one in people):
                raise ValueError(
                    "not a round record: contributors are judged where the round is, and only"
                    " there"
                )
            measure = fields.pop("measure", None)
            measured = None if measure is None else Measure(**measure)
            if measured is None and any(one.measured is not None for one in people):
                raise ValueError(
                    "not a round record: contributors are measured where the round says by"
                    " what"
                )
            rest = _with_nan(fields, _FLOATS)
            return cls(contributors=people, judgement=judgement, measure=measured, **rest)
        except (KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(
                f"not a round record ({type(error).__name__}: {error})"
            ) from error


_FLOATS = ("rho_c", "min_s", "test_error")
_OF_A_PERSON = ("q", "v", "r", "T", "s", "weight")


def _person(fields: dict[str, Any]) -> ContributorRecord:
    refused = tuple(fields.pop("refused_credentials", ()))
    judgement = _judged(ContributorJudgement, fields)
    return ContributorRecord(
        refused_credentials=refused, judgement=judgement, **_with_nan(fields, _OF_A_PERSON)
    )


def _judged(kind: Any, fields: dict[str, Any]) -> Any:
    found = fields.pop("judgement", None)
    if found is None:
        return None
    lengths = {n: math.inf for n in kind.UNBOUNDED if n in found and found[n] is None}
    return kind(**(found | lengths))


def _with_nan(fields: dict[str, Any], floats: tuple[str, ...]) -> dict[str, Any]:
    # Of a hundred contributors few have a null: changed in place, the rest cost nothing.
    for name in floats:
        if name in fields and fields[name] is None:
            fields[name] = math.nan
    return fields
