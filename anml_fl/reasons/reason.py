"""Why one contributor got its weight in one round, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from anml_fl.method.json_text import json_text

Status = Literal["counted", "left out", "refused", "no new model"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a contributor's update counted as it did.

    Parameters
    ----------
    contributor, strategy : str
    round : int
        From 1.
    status : str
        "counted"; "left out", by the rule, be it by a weight of 0; "refused", before it: no
        valid reply; or "no new model", where nobody's update was used.
    weight : float, optional
        Share of the step, in [0, 1]; None under a coordinate-wise rule.
    equal : float, optional
        Its share had all valid replies counted the same, 1/n; None for whoever had none.
    place : int, optional
        By weight among the valid replies, from 1; those of one weight share the first.
    replies : int
        Valid ones of the round, n.
    told : str, optional
        Why it was refused, as recorded; of all others, what the round's record notes.
    branch : str, optional
        Of the round.
    decided_by : str, optional
        Whose part took it farthest from an equal share, or of one that was left out, what did
        that: "q", "credentials", "freshness", "examples", "copies", a kind of evidence,
        "worth" (of credentials, where evidence is weighed), "measure", "order" (of names,
        where others weigh as much and only a fraction is selected), or "rule" where no more
        is known. None where nothing sets it apart.
    measure : str, optional
        What the rule measured, where that decided.
    value, mean : float, optional
        Of what decided: its own, and the valid replies' mean.
    line : float, optional
        Of what decided, the nearest better value that was kept, for one that was left out.
    at_an_end : int
        Of what decided: -1 if no other's is lower, 1 if no other's is higher, 0 between.
    missing : float, optional
        Nats of evidence that would have kept it, > 0; of one that evidence left out. All else
        held: evidence on others, and what credentials proved worth. None of one that earlier
        doubt held back: nothing would have.
    parts : mapping
        Factor to its part of weight - equal, by Shapley's value: they sum to that.
    without : mapping
        Factor to the weight that it would have had, had that told nobody apart. All else is
        held: the gate's branch, evidence, the worth of credentials. Where all weigh the same
        then, nobody is cut off by name.
    uncut : float, optional
        The weight that it would have had, had nobody been cut off as too light; None where
        nobody was.
    under : mapping
        Strategy to the weight that it would have had under it: these replies in this round,
        without the pre-aggregations that there may have been.
    """

    contributor: str
    strategy: str
    round: int
    status: Status
    weight: float | None = None
    equal: float | None = None
    place: int | None = None
    replies: int = 0
    told: str | None = None
    branch: str | None = None
    decided_by: str | None = None
    measure: str | None = None
    value: float | None = None
    mean: float | None = None
    line: float | None = None
    at_an_end: int = 0
    missing: float | None = None
    parts: Mapping[str, float] = field(default_factory=dict)
    without: Mapping[str, float] = field(default_factory=dict)
    uncut: float | None = None
    under: Mapping[str, float] = field(default_factory=dict)

    def fields(self) -> dict[str, Any]:
        """Give what JSON has of it."""
        return asdict(self)

    def to_json(self) -> str:
        """Write it as one line of JSON: sorted names.

        Examples
        --------
        >>> Reason(contributor="a", strategy="anml", round=1, status="refused").to_json()[:30]
        '{"at_an_end":0,"branch":null,"'
        """
        return json_text(self.fields())
