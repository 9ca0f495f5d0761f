"""FLTrust: Cao, Fang, Liu, Gong, NDSS 2021."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.method.robust.fltrust import fltrust as trusting
from strategies.decision import Decision
from strategies.rules._measures import of_the_most
from strategies.rules._trusted import trusted_update

if TYPE_CHECKING:
    from strategies.cohort import Cohort
    from strategies.context import Context

ROOT = "update"
"""Of a root set."""


def fltrust(cohort: Cohort, context: Context) -> Decision:
    """Weigh by the cosine with the server's own update, each cut to its length."""
    servers = trusted_update(context, "fltrust")()
    update, shares = trusting(cohort.updates, servers, cohort.examples)
    selected = shares > 0
    note = None if selected.any() else "no update goes the way of the server's own"
    return Decision(update.astype(cohort.updates.dtype), shares, selected, note=note).by(
        "agreement with the server's own update (the best's is 1)",
        of_the_most(shares / cohort.examples),
        more=True,
    )
