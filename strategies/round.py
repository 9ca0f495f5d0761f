"""One round, as it was decided: what training, page, ledger and log go on from."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flwr.app import ArrayRecord, MetricRecord
    from numpy.typing import NDArray

    from anml_fl.method.records import RoundRecord
    from strategies.cohort import Cohort


@dataclass(frozen=True, slots=True)
class Round:
    """A round that is over.

    Parameters
    ----------
    record : RoundRecord
    cohort : Cohort
        Its valid updates.
    before : (d,) array
        The global model that it began with, as a vector.
    arrays : ArrayRecord
        The global model after it: the one before, if it changed nothing.
    changed : bool
        Whether it did.
    codes : mapping
        Contributor to the hash of the code that it last said it runs.
    own : mapping
        Contributor to the modules of its own that it says it runs in this round, each to the
        hash of its files.
    state : mapping
        What the rule wants to have again.
    metrics : MetricRecord, optional
        What contributors say of their training, aggregated.
    """

    record: RoundRecord
    cohort: Cohort
    before: NDArray[Any]
    arrays: ArrayRecord
    changed: bool
    codes: Mapping[str, str]
    own: Mapping[str, Mapping[str, str]]
    state: Mapping[str, NDArray[Any]]
    metrics: MetricRecord | None = None

    def tested(self, error: float, score: float = math.nan) -> Round:
        """Return the same round with its model's test error, and its score by a metric."""
        record = replace(self.record, test_error=error, test_score=score)
        return replace(self, record=record)
