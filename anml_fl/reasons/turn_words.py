"""A contributor's last round where it was not like the run: a mean over both hides it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.reasons.amounts import decimals, percent

if TYPE_CHECKING:
    from anml_fl.reasons.over_rounds import OverRounds

# Of an equal share: what lies that far from the mean is told.
_FAR = 0.5


def turned(over: OverRounds) -> str:
    r"""Say what its last share was, if it lies across an equal one from its mean.

    Parameters
    ----------
    over : OverRounds

    Returns
    -------
    str
        Part of a sentence; empty where the last round was like the others, or nearly so.

    Examples
    --------
    >>> from anml_fl.reasons.over_rounds import OverRounds
    >>> site = OverRounds(contributor="a", strategy="anml", rounds=4, new_models=4, left_out=2,
    ...                   weight=0.1, equal=0.25, latest=0.4, latest_equal=0.25)
    >>> turned(site).replace("\xa0", " ")
    'in the last of these rounds it had 40.0 %, where equal shares would be 25.0 %'
    """
    mean, usual, last, equal = over.weight, over.equal, over.latest, over.latest_equal
    if mean is None or usual is None or last is None or equal is None:
        return ""
    if (mean - usual) * (last - equal) >= 0 or abs(last - mean) < _FAR * equal:
        return ""
    digits = decimals(equal)
    return (
        f"in the last of these rounds it had {percent(last, digits)}, where equal shares would"
        f" be {percent(equal, digits)}"
    )
