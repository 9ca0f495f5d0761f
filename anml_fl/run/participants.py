"""Who took part in a run of which nobody knows it beforehand: a Flower app's."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from anml_fl.method.records import RoundRecord

UNKNOWN = "unknown"
"""The behaviour of everybody of whom nobody knows whether they attack."""


def participants(records: Iterable[RoundRecord]) -> dict[str, str]:
    """List whoever was asked in any round, by name, each with an unknown behaviour.

    Examples
    --------
    >>> import math
    >>> from anml_fl.method.records import ContributorRecord, RoundRecord
    >>> signals = dict.fromkeys("qvrTs", math.nan)
    >>> b = ContributorRecord(
    ...     contributor="b", weight=0.0, selected=False, reason="no reply in time", **signals
    ... )
    >>> participants([RoundRecord(1, "anml", None, 0.0, 0.0, (b,))])
    {'b': 'unknown'}
    """
    names = {one.contributor for record in records for one in record.contributors}
    return dict.fromkeys(sorted(names), UNKNOWN)
