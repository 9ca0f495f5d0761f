"""What decided of a contributor's weight, and its numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.reasons.taken import MEASURE, ORDER, RULE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from anml_fl.reasons.round_shares import RoundShares

# A part that is less of an equal share does not tell anybody apart.
_LEAST = 0.005


def decisive(shares: RoundShares, row: int) -> str | None:
    """Name what took a share farthest the way that it lies from an equal one.

    For one that was left out, of what decides who is: examples do not.

    Parameters
    ----------
    shares : RoundShares
    row : int
        Of a valid reply.

    Returns
    -------
    str or None
        As in `Reason.decided_by`.
    """
    found = shares.found
    if not found.selected[row]:
        factor: str | None = _left_out(shares, row)
    elif not np.isfinite(found.shares).all():
        # Some shares are no numbers, as only a damaged record has it.
        return None if np.isnan(found.shares).all() else shares.chooser
    else:
        factor = _counted(shares, row)
    if factor == MEASURE and not _speaks(shares, row):
        return RULE
    return factor


def measured(shares: RoundShares, row: int, factor: str | None) -> Mapping[str, Any]:
    """Give the numbers of what decided, as `Reason` has them; none where it has none."""
    found = shares.found
    column = found.column(factor) if factor else None
    if column is None or not math.isfinite(column[row]):
        return {}
    finite = column[np.isfinite(column)]
    value, low, high = float(column[row]), float(finite.min()), float(finite.max())
    with np.errstate(over="ignore"):
        mean = float(np.mean(finite))
    if not math.isfinite(mean):
        return {}
    line = None if found.selected[row] else _nearest_kept(shares, column, value, factor)
    return {
        "value": value,
        "mean": mean,
        "line": line,
        "at_an_end": 0 if low == high else (value == high) - (value == low),
    }


def _left_out(shares: RoundShares, row: int) -> str:
    made = shares.made
    if made is None or shares.chosen:
        return shares.chooser
    if shares.tied(row):
        return ORDER
    against = {name: of[row] for name, of in shares.parts.items() if name in made.keeping}
    return min(against, key=lambda name: against[name], default=shares.chooser)


def _counted(shares: RoundShares, row: int) -> str | None:
    equal = 1 / len(shares.found.names)
    way = 1.0 if shares.found.shares[row] >= equal else -1.0
    pulls = {name: way * of[row] for name, of in shares.parts.items()}
    most = max(pulls, key=lambda name: pulls[name], default=None)
    return most if most is not None and pulls[most] > _LEAST * equal else None


def _speaks(shares: RoundShares, row: int) -> bool:
    """Whether the rule's measure can have decided: nobody worse by it was kept instead."""
    found = shares.found
    value = found.measured[row]
    if not math.isfinite(value):
        return False
    return (
        bool(found.selected[row]) or not _worse(shares, found.measured, value, MEASURE).any()
    )


def _worse(
    shares: RoundShares, column: NDArray[np.float64], value: float, factor: str | None
) -> NDArray[np.bool_]:
    """Find who was kept with less of what speaks for one."""
    kept: NDArray[np.bool_] = shares.found.selected & np.isfinite(column)
    return kept & (column > value if _less(shares, factor) else column < value)


def _nearest_kept(
    shares: RoundShares, column: NDArray[np.float64], value: float, factor: str | None
) -> float | None:
    kept = column[shares.found.selected & np.isfinite(column)]
    if not kept.size:
        return None
    nearest = float(kept.max() if _less(shares, factor) else kept.min())
    beyond = nearest < value if _less(shares, factor) else nearest > value
    return nearest if beyond else None


def _less(shares: RoundShares, factor: str | None) -> bool:
    """Whether less of it speaks for a contributor."""
    measure = shares.record.measure
    return factor == MEASURE and measure is not None and not measure.more
