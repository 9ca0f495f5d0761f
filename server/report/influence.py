"""How far one contributor could have moved a round's step at most, in words."""

from __future__ import annotations

import math
from statistics import median
from typing import TYPE_CHECKING

from anml_fl.system.untrusted_text import visible

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def middle_length(norms: Sequence[float]) -> float:
    """Give the length of a round's middle update; nan where it measures nothing.

    Lengths say nothing by themselves: how long a usual update is depends on model and round.

    Examples
    --------
    >>> middle_length([0.5, 3.0, 1.0]), middle_length([0.0, 0.0]), middle_length([])
    (1.0, nan, nan)
    """
    found = median(norms) if norms else math.nan
    return found if 0 < found < math.inf else math.nan


def in_middle_lengths(length: float, middle: float) -> str:
    """Write a length as a multiple of the middle update's.

    Examples
    --------
    >>> in_middle_lengths(1.0, 0.5), in_middle_lengths(1.0, float("nan"))
    ('2.00', '—')
    """
    times = length / middle
    return f"{times:.2f}" if math.isfinite(times) else "—"


def influence(bounds: Mapping[str, float], norms: Sequence[float]) -> str:
    """Say how far one contributor could have moved a round's step, whatever it had sent.

    Parameters
    ----------
    bounds : mapping of str to float
        Contributor to the most that its own part of the step could have been long, >= 0;
        inf where nothing bounds it. At least one.
    norms : sequence of float
        Lengths of the round's updates.

    Examples
    --------
    >>> influence({"a": 1.0, "b": 1.5}, [0.4, 0.5, 0.9])
    "Whatever it had sent, no contributor could have moved this round's step by more than \
3.00 times the length of the round's middle update: b's most (1.5, where that update is \
0.5 long)."
    """
    most = max(bounds, key=lambda name: bounds[name])
    if math.isinf(bounds[most]):
        return (
            "Nothing bounds how far one contributor could have moved this round's step: among"
            " so few, no length is the middle one whatever one of them sends."
        )
    said = (
        "Whatever it had sent, no contributor could have moved this round's step by more than"
    )
    who, middle = visible(most, 40), middle_length(norms)
    if math.isnan(middle):
        return f"{said} a length of {bounds[most]:.3g}, {who}'s most."
    return (
        f"{said} {in_middle_lengths(bounds[most], middle)} times the length of the round's"
        f" middle update: {who}'s most ({bounds[most]:.3g}, where that update is"
        f" {middle:.3g} long)."
    )
