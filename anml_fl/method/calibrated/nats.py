"""How much each kind of evidence counts: in nats for one unit, from where it is neutral."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anml_fl.method.calibrated.observed import Observed

    Nats = Mapping[str, tuple[float, float]]

TRUSTED: Nats = {"root direction": (5.0, 0.2), "company": (1.2, 0.0)}
"""With trusted rows; what else was tried beside them adds nothing."""

# Nobody vouches for rows that contributors gave, and attackers give theirs: they count for
# less, and company, which attackers who act together capture, for nothing.
_NEUTRAL = 2.5 / 6.6
DONATED: Nats = {
    "output rows": (3.5, _NEUTRAL),
    "root function": (1.6, _NEUTRAL),
    "root direction": (1.5, _NEUTRAL),
}
"""With donated rows."""

ROWS: Nats = {"output rows": (8.0, -0.075)}
"""Without rows, for a model that ends in a linear layer of two classes or more."""

DIRECTION: Nats = {"update direction": (10.0, -0.12)}
"""Without rows, for any other model."""


def nats_for(observed: Observed) -> Nats:
    """Choose by what there is: kind to (nats for one unit, value that is neutral)."""
    if observed.root is None:
        return DIRECTION if observed.layer is None else ROWS
    return DONATED if observed.root.donated else TRUSTED
