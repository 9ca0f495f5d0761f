"""What the paper calls Krum: weights by consistency q alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.method.selection import select_top
from strategies.decision import Decision, weighted

if TYPE_CHECKING:
    from strategies.cohort import Cohort
    from strategies.context import Context


def q_only(cohort: Cohort, context: Context) -> Decision:
    """Weigh by q alone and keep the top fraction."""
    selected = select_top(cohort.q, context.settings.fraction)
    update, shares = weighted(cohort, cohort.q, selected)
    return Decision(update, shares, selected, "krum")
