"""A round of somebody's own Flower app in a line of Flower's log: who counted, and who not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.reasons.reply_words import plain
from anml_fl.system.untrusted_text import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anml_fl.method.records import RoundRecord

# Names that a line has of each kind, letters of one, and of a reason.
_NAMED, _NAME, _REASON = 5, 40, 80


def round_told(record: RoundRecord) -> str:
    """Say how many replies counted, whom the rule left out, and who was refused and why.

    Parameters
    ----------
    record : RoundRecord

    Examples
    --------
    >>> from anml_fl.method.records import ContributorRecord, RoundRecord
    >>> def one(name, *, selected=False, reason=None):
    ...     return ContributorRecord(name, 0.5, 1.0, 1.0, 1.0, 1.0, 0.5, selected, reason)
    >>> people = one("a", selected=True), one("b"), one("c", reason="no reply in time")
    >>> round_told(RoundRecord(2, "anml", None, 0.0, 0.0, people))
    'round 2: 1 of 3 counted; left out by anml: b; refused: c (no reply in time)'
    """
    people = record.contributors
    counted = sum(one.selected for one in people)
    left_out = [one for one in people if not one.selected and one.reason is None]
    refused = [one for one in people if one.reason is not None]
    told = [f"round {record.round}: {counted} of {len(people)} counted"]
    if left_out:
        by = (
            "without effect"
            if not counted
            else f"left out by {visible(record.strategy, _NAME)}"
        )
        told.append(f"{by}: {_named([visible(one.contributor, _NAME) for one in left_out])}")
    if refused:
        names = [
            f"{visible(one.contributor, _NAME)} ({visible(plain(one.reason or ''), _REASON)})"
            for one in refused
        ]
        told.append(f"refused: {_named(names)}")
    if record.refused:
        told.append(f"of nobody: {len(record.refused)}")
    return "; ".join(told)


def _named(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
