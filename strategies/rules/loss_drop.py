"""Loss drop: after Zeno, Xie, Koyejo, Gupta, ICML 2019, and BANT, arXiv:2505.07614."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.robust.loss_drop import loss_drop as by_drop
from anml_fl.method.robust.root_loss import root_losses
from strategies.rules._shares import by_shares
from strategies.rules._trusted import losses_on, trusted_rows

if TYPE_CHECKING:
    from strategies.cohort import Cohort
    from strategies.context import Context
    from strategies.decision import Decision

ROOT = "rows"
"""Of a root set."""


def loss_drop(cohort: Cohort, context: Context) -> Decision:
    """Weigh by how much an update alone lowers the loss on the root set."""
    root = trusted_rows(context, "loss_drop")
    stay = np.zeros((1, cohort.updates.shape[1]), cohort.updates.dtype)
    # A model of zeros says nothing of any row, and that is what it has to be better than.
    now = float(root_losses(root.outputs(stay), root.labels, root.classes)[0])
    losses = losses_on(root, cohort.updates)
    shares = by_drop(losses, now, cohort.examples)
    return by_shares(cohort, shares, "no update alone lowers the loss on the root set").by(
        "loss that its update alone takes off the trusted rows", now - losses, more=True
    )
