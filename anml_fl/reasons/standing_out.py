"""Who got much less than others over a run."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from anml_fl.reasons.over_rounds import OverRounds

# Of what is usual: whoever got no more than this share of it stands out.
_LITTLE = 0.5


def standing_out(people: Iterable[OverRounds]) -> list[OverRounds]:
    """List who got at most half of what is usual, by weight over equal share.

    What is usual is the median, so that most never stand out.

    Parameters
    ----------
    people : iterable of OverRounds
        Of one strategy.

    Returns
    -------
    list of OverRounds
        Who got least first, then by name; empty under a coordinate-wise rule.

    Examples
    --------
    >>> from anml_fl.reasons.over_rounds import OverRounds
    >>> people = [
    ...     OverRounds(contributor=who, strategy="anml", rounds=1, new_models=1, weight=weight,
    ...                equal=0.25)
    ...     for who, weight in (("a", 0.4), ("b", 0.3), ("c", 0.2), ("d", 0.1))
    ... ]
    >>> [one.contributor for one in standing_out(people)]
    ['d']
    """
    got = {
        one.contributor: (one.weight / one.equal, one)
        for one in people
        if one.weight is not None and one.equal
    }
    bound = _LITTLE * median([ratio for ratio, _ in got.values()]) if got else 0.0
    few = [(ratio, name) for name, (ratio, _) in got.items() if ratio <= bound]
    # Where half got nothing, nothing is usual.
    return [got[name][1] for _, name in sorted(few)] if bound > 0 else []
