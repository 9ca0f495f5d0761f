"""Centred clipping: Karimireddy, He, Jaggi, ICML 2021; best behind `client_momentum`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.robust.centred_clipping import centred_clipping as moved
from strategies.decision import Decision

if TYPE_CHECKING:
    from strategies.cohort import Cohort
    from strategies.context import Context


_CENTRE = "centre"


def centred_clipping(cohort: Cohort, context: Context) -> Decision:
    """Move from the last round's update to the contributors', each of them clipped.

    A contributor's share is its part of the move; the last update's part is nobody's.
    """
    updates, chosen = cohort.updates, context.settings
    centre = context.state.get(_CENTRE)
    if centre is None or centre.shape != updates.shape[1:]:
        centre = np.zeros_like(updates[0])
    weights = cohort.examples / cohort.examples.sum()
    found, factors = moved(
        updates, centre, weights, radius=chosen.clipping_radius, steps=chosen.clipping_steps
    )
    update = found.astype(updates.dtype)
    total = float(factors.sum())
    return Decision(
        update,
        factors / total if total > 0 else factors,
        factors > 0,
        note=None if total > 0 else "every update is clipped to nothing",
        state={_CENTRE: update},
    ).by("part of its update that is within the radius", factors / weights, more=True)
