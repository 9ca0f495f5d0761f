"""LASA: Xu, Zhang, Hu, WACV 2025."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.method.robust.lasa import lasa as by_layers
from strategies.decision import Decision

if TYPE_CHECKING:
    from strategies.cohort import Cohort
    from strategies.context import Context


def lasa(cohort: Cohort, context: Context) -> Decision:
    """Average each layer over the sparse updates that its length and signs speak for.

    A contributor's share is that in a layer, averaged over the model's values.
    """
    whole = (1, cohort.updates.shape[1])
    update, shares = by_layers(cohort.updates, context.shapes or (whole,), cohort.examples)
    return Decision(update.astype(cohort.updates.dtype), shares, shares > 0)
