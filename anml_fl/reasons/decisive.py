"""What decided of a contributor's weight, and its numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.method.calibrated.earlier_doubt import EARLIER_DOUBT
from anml_fl.reasons.taken import MEASURE, ORDER, RULE, WORTH

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    if not found.counted[row]:
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
    levels, column = shares.levels(factor or ""), shares.found.column(factor or "")
    if levels is None or column is None:
        return {}
    return levels.told(float(column[row]), kept=bool(shares.found.counted[row]))


def _left_out(shares: RoundShares, row: int) -> str:
    made, found = shares.made, shares.found
    if made is None and shares.kept_by_evidence:
        speaks = {**found.evidence, WORTH: found.worth}
        return min(speaks, key=lambda name: speaks[name][row])
    if made is None or shares.chosen:
        return shares.chooser
    if shares.tied(row):
        return ORDER
    against = {name: of[row] for name, of in shares.parts.items() if name in made.keeping}
    # Whom this round's evidence leaves out by itself is told of that.
    if EARLIER_DOUBT in against and shares.without[EARLIER_DOUBT][row] == 0:
        del against[EARLIER_DOUBT]
    return min(against, key=lambda name: against[name], default=shares.chooser)


def _counted(shares: RoundShares, row: int) -> str | None:
    equal = 1 / len(shares.found.names)
    way = 1.0 if shares.found.shares[row] >= equal else -1.0
    pulls = {name: way * of[row] for name, of in shares.parts.items()}
    most = max(pulls, key=lambda name: pulls[name], default=None)
    return most if most is not None and pulls[most] > _LEAST * equal else None


def _speaks(shares: RoundShares, row: int) -> bool:
    """Whether the rule's measure can have decided: nobody worse by it was kept instead."""
    value, levels = float(shares.found.measured[row]), shares.levels(MEASURE)
    if levels is None or not (math.isfinite(value) and math.isfinite(levels.mean)):
        return False
    return bool(shares.found.counted[row]) or not levels.worse_was_kept(value)
