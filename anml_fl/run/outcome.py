"""What a round came to, in a few letters: for a terminal, and for the page of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.run.branch_name import branch_name

if TYPE_CHECKING:
    from anml_fl.method.records import RoundRecord


def outcome(record: RoundRecord) -> str:
    """Name the gate's branch; or where evidence was weighed, say how many it kept.

    Returns
    -------
    str
        "" under a rule that does neither.

    Examples
    --------
    >>> from anml_fl.method.records import RoundRecord
    >>> outcome(RoundRecord(1, "anml", "krum", 0.1, 0.2, ()))
    'q only'
    >>> outcome(RoundRecord(1, "fedavg", None, 0.1, 0.2, ()))
    ''
    """
    if record.judgement is None:
        return branch_name(record.branch or "")
    judged = [one.selected for one in record.contributors if one.judgement is not None]
    return f"{sum(judged)} of {len(judged)} kept"
