"""What a run's claims are: scores by its own metric, or numbers that an app's nodes name."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from anml_fl.system.untrusted_text import visible

if TYPE_CHECKING:
    from anml_fl.run.criterion import Criterion
    from anml_fl.run.reading import Run


@dataclass(frozen=True, slots=True)
class NamedMetric:
    """A metric of which its name is known: neither its unit nor which side of it is better.

    Parameters
    ----------
    name : str
        As the nodes call it, fit to be shown.
    """

    name: str
    unit: str = ""
    better: str = ""

    def scaled(self, value: float) -> float:
        """Give what is drawn: the number as it is."""
        return value

    def digits(self, value: float | None) -> str:
        """Write a number, empty if there is none.

        Examples
        --------
        >>> NamedMetric("loss").digits(0.123456), NamedMetric("loss").digits(None)
        ('0.1235', '')
        """
        return f"{value:.4g}" if value is not None and math.isfinite(value) else ""


def claimed_metric(run: Run) -> Criterion | NamedMetric:
    """Say by what nodes score models: the metric that most of them named last, in an app."""
    named = [one.metric for one in run.lead.claims if one.metric]
    return NamedMetric(visible(named[-1], 40)) if named else run.criterion
