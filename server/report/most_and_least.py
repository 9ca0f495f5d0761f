"""Who counted least and who most, and why: what is asked of a page first."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from anml_fl.reasons.amounts import decimals, percent
from anml_fl.system.untrusted_text import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MOST_NAMED = 3
"""Contributors of one weight that are named; the others are counted."""
_NAME = 40


def most_and_least(weights: Mapping[str, float], why: Callable[[str], str], when: str) -> str:
    r"""Say who has the least weight and who the most.

    Parameters
    ----------
    weights : mapping of str to float
        Of each contributor with a valid reply, in [0, 1]; nan where it has no share.
    why : callable
        From a name to part of a sentence.
    when : str
        Such as "in round 3".

    Returns
    -------
    str
        Two sentences; "" of fewer than two, and where nobody has a share.

    Examples
    --------
    >>> because = {"a": "it is near", "c": "it is far"}.__getitem__
    >>> said = most_and_least({"a": 0.5, "b": 0.4, "c": 0.1}, because, "in round 3")
    >>> said.replace("\xa0", " ")
    'c counted least in round 3 (10.0 %): it is far. a counted most (50.0 %): it is near.'
    """
    known = {name: weight for name, weight in weights.items() if math.isfinite(weight)}
    if len(known) < 2:
        return ""
    least, most = min(known.values()), max(known.values())
    digits = decimals(1 / len(known))
    if percent(least, digits) == percent(most, digits):
        return f"All {len(known):,} counted the same {when}: {percent(most, digits)}."
    return " ".join(
        (
            _told(f"counted least {when}", least, known, why),
            _told("counted most", most, known, why),
        )
    )


def _told(
    did: str, weight: float, known: Mapping[str, float], why: Callable[[str], str]
) -> str:
    names = sorted(name for name, one in known.items() if one == weight)
    share = percent(weight, decimals(1 / len(known)))
    if len(names) == 1:
        return f"{visible(names[0], _NAME)} {did} ({share}): {why(names[0])}."
    told = [f"{visible(name, _NAME)}: {why(name)}" for name in names[:MOST_NAMED]]
    rest = len(names) - MOST_NAMED
    more = f"; and {rest:,} more" if rest > 0 else ""
    return f"{len(names):,} {did} ({share} each): {'; '.join(told)}{more}."
