"""FedGreed: Kritharakis, Makris, Jakovetic, Tserpes, arXiv:2508.18060."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.method.robust.fedgreed import fedgreed as greedily
from strategies.rules._shares import by_shares
from strategies.rules._trusted import losses_on, trusted_rows

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from strategies.cohort import Cohort
    from strategies.context import Context
    from strategies.decision import Decision

ROOT = "rows"
"""Of a root set."""


def fedgreed(cohort: Cohort, context: Context) -> Decision:
    """Average the best on the root set, as long as their mean gets better."""
    root, updates = trusted_rows(context, "fedgreed"), cohort.updates

    def loss_of(shares: NDArray[np.float64]) -> NDArray[np.float64]:
        return losses_on(root, shares.astype(updates.dtype) @ updates)

    losses = losses_on(root, updates)
    shares = greedily(losses, cohort.examples, loss_of)
    nobody = "every update makes numbers overflow on the root set"
    return by_shares(cohort, shares, nobody).by(
        "loss on the trusted rows with its update alone", losses, more=False
    )
