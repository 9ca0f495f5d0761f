"""What a run's models are compared by: their test error, or the metric that was chosen."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from anml_fl.models.metrics import METRICS

if TYPE_CHECKING:
    from anml_fl.method.records import RoundRecord
    from anml_fl.models.metrics import Metric
    from anml_fl.run.schema import StrategySummary


@dataclass(frozen=True, slots=True)
class Criterion:
    """What a run's models are compared by.

    Parameters
    ----------
    metric : str
        Of `models.metrics.METRICS`; empty for the error alone.

    Examples
    --------
    >>> error, r2 = Criterion(), Criterion("r2")
    >>> f"{error.title}: {error.digits(0.0617)}{error.unit}", f"{r2.title}: {r2.digits(0.87)}"
    ('test error: 6.2 %', 'test R2: 0.870')
    """

    metric: str = ""

    @property
    def measure(self) -> Metric | None:
        """The metric, if one was chosen."""
        return METRICS[self.metric] if self.metric else None

    @property
    def title(self) -> str:
        """What it is called in a sentence."""
        return "test error" if self.measure is None else f"test {self.measure.title}"

    @property
    def name(self) -> str:
        """What it is called by itself, whoever tests.

        Examples
        --------
        >>> Criterion().name, Criterion("r2").name
        ('error', 'R2')
        """
        return "error" if self.measure is None else self.measure.title

    @property
    def unit(self) -> str:
        """What stands behind its digits: a share of rows is a percentage."""
        return " %" if self.measure is None or self.measure.share else ""

    @property
    def better(self) -> str:
        """Whether "higher" or "lower" is better."""
        return "lower" if self.measure is None else self.measure.better

    @property
    def of_values(self) -> bool:
        """Whether it scores numbers, and no classes."""
        return self.measure is not None and self.measure.sees == "values"

    def score(self, of: RoundRecord | StrategySummary) -> float:
        """Say how good a round's model is, or a strategy's; nan if it was not tested."""
        found = of.test_error if self.measure is None else of.test_score
        return math.nan if found is None else found

    def improves(self, score: float, best: float) -> bool:
        """Tell whether a score is better than the best so far; nan never is.

        Examples
        --------
        >>> Criterion().improves(0.1, 0.2), Criterion("accuracy").improves(0.1, 0.2)
        (True, False)
        """
        if self.measure is not None:
            return self.measure.improves(score, best)
        return score < best or (math.isnan(best) and not math.isnan(score))

    def scaled(self, score: float) -> float:
        """Give what is drawn: a percentage, or the score as it is."""
        return 100 * score if self.unit else score

    def digits(self, score: float | None) -> str:
        """Write a score without its unit, empty if there is none.

        Examples
        --------
        >>> rmse = Criterion("rmse")
        >>> rmse.digits(0.5), rmse.digits(0.00123), rmse.digits(21345.6), rmse.digits(None)
        ('0.500', '0.0012', '21,346', '')
        """
        if score is None or not math.isfinite(score):
            return ""
        if self.unit:
            return f"{100 * score:.1f}"
        if abs(score) >= 1000:
            return f"{score:,.0f}"
        return f"{score:.3f}" if score == 0 or abs(score) >= 0.1 else f"{score:.2g}"
