"""Paired tests of every method against Krum, with Holm's correction over a study."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from studies.reproduction.intervals import Estimate, effect_size, mean, spread
from studies.reproduction.results import paired

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from studies.reproduction.results import Study

LEVEL = 0.05
"""Level of the normality test and of the comparisons."""

_MOST_FOR_SHAPIRO = 5000  # its p is not to be trusted beyond


@dataclass(frozen=True, slots=True)
class Comparison:
    """One method against Krum under one condition.

    Parameters
    ----------
    dataset, condition, method, metric : str
        Metric is "error" or "mae".
    difference : Estimate
        Krum's error minus the method's: positive where the method is better.
    d : Estimate
        Cohen's d of the differences.
    normality : float
        p of Shapiro and Wilk's test; nan where the differences do not vary, or are too few.
    test : str
        "t", "Wilcoxon", or "none" where all differences are 0 or there are too few.
    p, holm : float
        As tested, and after Holm's correction over the study; nan without a test.
    """

    dataset: str
    condition: str
    method: str
    metric: str
    difference: Estimate
    d: Estimate
    normality: float
    test: str
    p: float
    holm: float

    @property
    def normal(self) -> bool | None:
        """Whether normality stood; None where it could not be tested."""
        return None if math.isnan(self.normality) else self.normality >= LEVEL


def comparisons(study: Study, reference: str = "krum") -> tuple[Comparison, ...]:
    """Test every method of a study against Krum, paired by trial.

    Parameters
    ----------
    study : Study
    reference : str
        The method that the others are held against.

    Returns
    -------
    tuple of Comparison
        In the order of the file; the family of Holm's correction is all of them.
    """
    found = []
    for metric in ("error", "mae"):
        for dataset, condition, methods in study.settings_of(metric):
            if reference not in methods:
                continue
            for method, cell in methods.items():
                if method == reference:
                    continue
                theirs, krum = paired(cell, methods[reference])
                differences = krum - theirs
                normality = _normality(differences)
                test, p = _test(differences, normality)
                place = (dataset, condition, method, metric)
                sizes = (mean(differences), effect_size(differences))
                found.append((place, sizes, normality, test, p))
    corrected = holm([p for *_, p in found])
    return tuple(
        Comparison(*place, *sizes, normality, test, p, after)
        for (place, sizes, normality, test, p), after in zip(found, corrected, strict=True)
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p values for their number, as Holm 1979 does.

    Parameters
    ----------
    p_values : sequence of float
        nan for a comparison without a test, which is not part of the family.

    Returns
    -------
    list of float
        In the same order, at most 1.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    tested = [i for i, p in enumerate(p_values) if not math.isnan(p)]
    corrected = [math.nan] * len(p_values)
    greatest = 0.0
    for rank, i in enumerate(sorted(tested, key=lambda i: p_values[i])):
        greatest = max(greatest, min(1.0, (len(tested) - rank) * p_values[i]))
        corrected[i] = greatest
    return corrected


def _normality(differences: NDArray[np.float64]) -> float:
    n = len(differences)
    if n < 3 or n > _MOST_FOR_SHAPIRO or spread(differences) == 0:
        return math.nan
    return float(stats.shapiro(differences).pvalue)


def _test(differences: NDArray[np.float64], normality: float) -> tuple[str, float]:
    if len(differences) < 2 or not np.any(differences):
        return "none", math.nan
    # Differences that do not vary have no t either.
    if normality < LEVEL or spread(differences) == 0:
        return "Wilcoxon", float(stats.wilcoxon(differences).pvalue)
    return "t", float(stats.ttest_1samp(differences, 0.0).pvalue)
