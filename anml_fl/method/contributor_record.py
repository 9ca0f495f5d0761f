"""What one round decided of one contributor, and how the round's line tells it."""

from __future__ import annotations

from dataclasses import dataclass

from anml_fl.method.json_text import flag_text, json_text, number_text, quoted
from anml_fl.method.judgement import ContributorJudgement


@dataclass(frozen=True, slots=True)
class ContributorRecord:
    """One contributor in one round.

    Parameters
    ----------
    contributor : str
        Stable identity.
    q, v, r, T, s : float
        Signals in [0, 1]; q is nan where no update was valid.
    weight : float
        Share of the contributor in the new model, in [0, 1]; nan under a
        coordinate-wise rule, which has no weights.
    selected : bool
        Whether the update went into the new model.
    reason : str, optional
        Why the contributor was left out.
    refused_credentials : tuple of str
        Why each credential that it showed, and that does not hold, was refused.
    egress : str, optional
        SHA-256 of the policy by which its node says it lets replies leave.
    judgement : ContributorJudgement, optional
        What spoke for and against it, under `calibrated`.
    examples : float, optional
        How many examples its update counts for, > 0, within the bounds in which a claim is
        believed; None where no update was valid.
    measured : float, optional
        What the rule measured of it, by `RoundRecord.measure`.
    """

    contributor: str
    q: float
    v: float
    r: float
    T: float
    s: float
    weight: float
    selected: bool
    reason: str | None = None
    refused_credentials: tuple[str, ...] = ()
    egress: str | None = None
    judgement: ContributorJudgement | None = None
    examples: float | None = None
    measured: float | None = None

    def to_json(self) -> str:
        """Write it as its round's line has it: sorted names, nan as null.

        What `json.dumps` makes of `dataclasses.asdict`; but that copies all of it first, which
        took longer than to train a contributor.

        Examples
        --------
        >>> ContributorRecord("a", 1.0, 0.8, 0.5, 1.0, 0.4, 0.25, True).to_json()[:36]
        '{"T":1.0,"contributor":"a","q":1.0,"'
        """
        egress = "" if self.egress is None else f'"egress":{quoted(self.egress)},'
        counted = "" if self.examples is None else f'"examples":{number_text(self.examples)},'
        measured = "" if self.measured is None else f'"measured":{number_text(self.measured)},'
        judged = "" if self.judgement is None else f'"judgement":{_judgement(self.judgement)},'
        refused = json_text(self.refused_credentials) if self.refused_credentials else "[]"
        reason = "null" if self.reason is None else quoted(self.reason)
        return (
            f'{{"T":{number_text(self.T)},"contributor":{quoted(self.contributor)},{egress}'
            f'{counted}{judged}{measured}"q":{number_text(self.q)},"r":{number_text(self.r)},"reason":{reason},'
            f'"refused_credentials":{refused},"s":{number_text(self.s)},'
            f'"selected":{flag_text(self.selected)},"v":{number_text(self.v)},'
            f'"weight":{number_text(self.weight)}}}'
        )


def _judgement(one: ContributorJudgement) -> str:
    kinds = sorted(one.evidence.items())
    evidence = ",".join(f"{quoted(kind)}:{number_text(ratio)}" for kind, ratio in kinds)
    return (
        f'{{"bound":{number_text(one.bound)},"copies":{number_text(one.copies)},'
        f'"evidence":{{{evidence}}},"l":{number_text(one.l)},"norm":{number_text(one.norm)},'
        f'"posterior":{number_text(one.posterior)},"worth":{number_text(one.worth)}}}'
    )
