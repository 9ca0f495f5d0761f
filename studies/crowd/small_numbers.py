"""How honest small numbers are: intervals from a few answers against what is known later."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.contributors import contributor_means

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from studies.crowd.answers import Answers

# So many answers say what an annotator's mean is: its own error is then small beside that
# of a few answers.
_MANY = 50
_QUANTILE = 1.959963984540054


def interval_coverage(answers: Answers, scores: NDArray[np.float64]) -> tuple[float, float]:
    """Forget all but the gold answers, and see how often 95 % intervals hold the mean of all.

    Asked of annotators with 50 answers or more, whose means are known well.

    Parameters
    ----------
    answers : Answers
    scores : (n,) float64
        Of single answers.

    Returns
    -------
    tuple of float
        Shares of the intervals shrunk +- 1.96 errors, and of the textbook's mean +- 1.96
        standard errors, that hold it.
    """
    target = contributor_means(scores, answers.holder, answers.annotators).means
    seen, who = scores[answers.gold], answers.holder[answers.gold]
    found = contributor_means(seen, who, answers.annotators)
    squares = np.bincount(who, (seen - found.means[who]) ** 2, answers.annotators)
    textbook = np.sqrt(squares / np.maximum(found.counts - 1, 1) / found.counts)
    many = answers.counts >= _MANY
    return (
        _held(target, found.shrunk, found.errors, many),
        _held(target, found.means, textbook, many),
    )


def _held(
    target: NDArray[np.float64],
    middle: NDArray[np.float64],
    error: NDArray[np.float64],
    among: NDArray[np.bool_],
) -> float:
    return float((np.abs(target - middle) <= _QUANTILE * error)[among].mean())


def small_in_top(values: NDArray[np.float64], few: NDArray[np.bool_], top: int = 10) -> float:
    """Tell what share of the highest ranks goes to annotators with few answers.

    Parameters
    ----------
    values : (c,) float64
        Weights or estimates; of equals, each has its share of the ranks left.
    few : (c,) bool
        Who has few answers.
    top : int
        How many ranks count.

    Returns
    -------
    float
        In [0, 1].

    Examples
    --------
    >>> small_in_top(np.array([1.0, 1.0, 0.5]), np.array([True, False, False]), top=1)
    0.5
    """
    least = np.sort(values)[-top]
    above, level = values > least, values == least
    left = (top - above.sum()) / level.sum()
    return float((few[above].sum() + left * few[level].sum()) / top)
