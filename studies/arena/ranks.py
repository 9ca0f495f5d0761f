"""Which rule is better over many federations: mean ranks, and how far apart they must be."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import stats

from studies.reproduction.significance import LEVEL, holm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_DIGITS = 9  # errors that differ by rounding alone tie


class Ranking(NamedTuple):
    """Rules by mean rank.

    Parameters
    ----------
    rules : tuple of str
        The best first.
    ranks : tuple of float
        Mean ranks, from 1.
    friedman : float
        p of Friedman's test that all are alike; nan where it cannot be asked.
    critical : float
        Nemenyi's critical difference at 5 %: rules whose mean ranks differ by less cannot be
        told apart.
    holm : tuple of float
        p of each against the best: Wilcoxon's signed-rank test over the blocks, corrected by
        Holm; nan for the best itself, and for one that never differs from it.
    blocks : int
        How many federations were ranked in.
    """

    rules: tuple[str, ...]
    ranks: tuple[float, ...]
    friedman: float
    critical: float
    holm: tuple[float, ...]
    blocks: int


def ranking(rules: Sequence[str], errors: Floats) -> Ranking:
    """Rank rules by their errors, block by block.

    Demsar: Statistical comparisons of classifiers over multiple data sets, JMLR 7, 2006.

    Parameters
    ----------
    rules : sequence of str
        At least one.
    errors : (blocks, rules) float
        Without nan; equal errors share their ranks' mean.

    Examples
    --------
    >>> found = ranking(("a", "b"), np.array([[0.2, 0.1], [0.4, 0.3], [0.1, 0.1]]))
    >>> found.rules, [round(rank, 3) for rank in found.ranks]
    (('b', 'a'), [1.167, 1.833])
    """
    rounded = np.round(errors, _DIGITS)
    ranks = stats.rankdata(rounded, axis=1).mean(axis=0)
    order = np.lexsort((np.arange(ranks.size), ranks))
    best = rounded[:, order[0]]
    p = [math.nan, *(_wilcoxon(rounded[:, place] - best) for place in order[1:])]
    blocks = errors.shape[0]
    return Ranking(
        tuple(rules[place] for place in order),
        tuple(float(ranks[place]) for place in order),
        friedman(rounded),
        critical_difference(ranks.size, blocks),
        tuple(holm(p)),
        blocks,
    )


def critical_difference(rules: int, blocks: int) -> float:
    """Nemenyi's critical difference of mean ranks at 5 %, q sqrt(k (k + 1) / 6 N).

    Parameters
    ----------
    rules : int
        k.
    blocks : int
        N.

    Returns
    -------
    float
        nan for fewer than two rules, or no block.

    Examples
    --------
    >>> round(critical_difference(5, 30), 3)  # q = 2.728
    1.114
    """
    if rules < 2 or blocks < 1:
        return math.nan
    q = float(stats.studentized_range.ppf(1 - LEVEL, rules, np.inf)) / math.sqrt(2)
    return q * math.sqrt(rules * (rules + 1) / (6 * blocks))


def friedman(errors: Floats) -> float:
    """Test whether all rules are alike; nan for fewer than three, or a single block."""
    blocks, rules = errors.shape
    if rules < 3 or blocks < 2 or not np.ptp(errors, axis=1).any():
        return math.nan
    return float(stats.friedmanchisquare(*errors.T).pvalue)


def _wilcoxon(differences: Floats) -> float:
    if not np.any(differences):
        return math.nan
    return float(stats.wilcoxon(differences).pvalue)
