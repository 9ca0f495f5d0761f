"""What Krum's two rules share: averaging whoever has the lowest scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.krum import FEWEST, default_byzantine
from strategies.decision import averaged

if TYPE_CHECKING:
    from anml_fl.settings.aggregation import Aggregation
    from strategies.cohort import Cohort
    from strategies.decision import Decision


def lowest(cohort: Cohort, count: int) -> Decision:
    """Average the `count` updates of the lowest scores; all where Krum has no meaning."""
    n = len(cohort.contributors)
    if n < FEWEST:
        return averaged(cohort)
    selected = np.zeros(n, dtype=bool)
    selected[np.argsort(cohort.scores, kind="stable")[:count]] = True
    return averaged(cohort, selected).by("Krum score", cohort.scores, more=False)


def byzantine(n: int, settings: Aggregation) -> int:
    """How many of n contributors may be attackers."""
    return default_byzantine(n) if settings.n_byzantine is None else settings.n_byzantine
