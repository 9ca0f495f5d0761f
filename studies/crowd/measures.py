"""What signals and weights of annotators are worth: ranks, shares, and honest intervals."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import spearmanr

from anml_fl.method.contributors import contributor_means
from anml_fl.method.gold import gold_reputation
from studies.crowd.answers import FEW
from studies.crowd.small_numbers import interval_coverage, small_in_top
from studies.crowd.weighing import RULES, SCORES, weigh_annotators

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from anml_fl.method.combination import Weighting
    from studies.crowd.answers import Answers
    from studies.crowd.consensus import Consensus
    from studies.crowd.settings import CrowdSettings
    from studies.study import Cell, Row, Variant

# Annotators whose accuracy is known, and at least this, are the best.
_BEST = 0.85
_BRANCHES = ("uniform", "blend", "krum")


@dataclass(frozen=True, slots=True)
class Scored:
    """A trial's answers, with what tells the good ones.

    Parameters
    ----------
    answers : Answers
    scores : mapping
        Of single answers, by name: `SCORES`, and `loss`, negated.
    consensus : mapping
        The libraries', by name.
    """

    answers: Answers
    scores: Mapping[str, NDArray[np.float64]]
    consensus: Mapping[str, Consensus]

    def weighed(self, settings: CrowdSettings) -> dict[str, Weighting]:
        """Weigh annotators by every rule on every score: `two_stage@krum`, and so on."""
        answers, r = self.answers, gold_reputation(*self.answers.graded)
        found = {}
        for score in SCORES:
            means = contributor_means(self.scores[score], answers.holder, answers.annotators)
            # Shrinking may pass the ends by a rounding.
            q = np.clip(means.shrunk, 0.0, 1.0)
            for rule in RULES:
                found[f"{rule}@{score}"] = weigh_annotators(rule, q, r, settings)
        return found


def rank_correlation(
    values: NDArray[np.float64], truth: NDArray[np.float64], among: NDArray[np.bool_]
) -> float:
    """Spearman's correlation; 0 where all values are equal, which rank nobody.

    Parameters
    ----------
    values, truth : (c,) float64
    among : (c,) bool
        Who counts.

    Returns
    -------
    float
        In [-1, 1].

    Examples
    --------
    >>> values, everybody = np.array([0.1, 0.3, 0.2]), np.ones(3, dtype=bool)
    >>> rank_correlation(values, values**2, everybody)
    1.0
    >>> rank_correlation(np.ones(3), values, everybody)
    0.0
    """
    if np.ptp(values[among]) == 0:
        return 0.0
    return float(spearmanr(values[among], truth[among]).statistic)


def signal_rows(
    cell: Cell, variant: Variant, trial: int, scored: Scored, weighed: Mapping[str, Weighting]
) -> Iterator[Row]:
    """Measure signals and weights against annotators' true accuracy.

    Parameters
    ----------
    cell : Cell
    variant : Variant
    trial : int
    scored : Scored
    weighed : mapping
        As from `Scored.weighed`.

    Yields
    ------
    Row
        `spearman`, and `spearman_unchecked`, with accuracy on what is not gold: of r on the
        gold set, of plain means of scores by annotator, of weights and of the libraries'
        estimates; `rho_c` and `branch_...` of the gate; `small_in_top`, the
        share of the ten highest ranks that goes to annotators with 10 answers or fewer;
        `weight_of_small`, their mean weight beside that of the best, of accuracy .85 and more.
    """
    answers = scored.answers
    right, graded = answers.graded
    few = answers.counts <= FEW
    best = answers.measured & (answers.accuracy >= _BEST)
    values = {
        "gold_share": right / graded,
        "r": gold_reputation(right, graded),
        **{
            name: contributor_means(score, answers.holder, answers.annotators).means
            for name, score in scored.scores.items()
        },
        **{name: found.weights for name, found in weighed.items()},
        **{name: found.accuracy for name, found in scored.consensus.items()},
    }
    for name, value in values.items():
        rank = rank_correlation(value, answers.accuracy, answers.measured)
        yield cell.row(variant, name, "spearman", rank, trial)
        # Of what r was earned on, it knows the truth.
        fair = rank_correlation(value, answers.unchecked_accuracy, answers.measured)
        yield cell.row(variant, name, "spearman_unchecked", fair, trial)
        yield cell.row(variant, name, "small_in_top", small_in_top(value, few), trial)
    for name, found in weighed.items():
        ratio = found.weights[few].mean() / found.weights[best].mean()
        yield cell.row(variant, name, "weight_of_small", ratio, trial)
        if name.startswith("two_stage"):
            # nan where a signal is constant: then there is nothing to tell.
            if np.isfinite(found.rho_c):
                yield cell.row(variant, name, "rho_c", found.rho_c, trial)
            for branch in _BRANCHES:
                taken = float(found.branch == branch)
                yield cell.row(variant, name, f"branch_{branch}", taken, trial)


def coverage_rows(cell: Cell, variant: Variant, trial: int, scored: Scored) -> Iterator[Row]:
    """Measure how often intervals from the gold answers alone hold what all answers say.

    Yields
    ------
    Row
        `coverage`, by 95 % intervals of shrunk means, and `coverage_textbook`, by the
        textbook's, of the share of right answers (`r`) and of each score.
    """
    answers = scored.answers
    right = answers.right.astype(np.float64)
    for name, score in {"r": right, **{name: scored.scores[name] for name in SCORES}}.items():
        shrunk, textbook = interval_coverage(answers, score)
        yield cell.row(variant, name, "coverage", shrunk, trial)
        yield cell.row(variant, name, "coverage_textbook", textbook, trial)


def group_rows(
    cell: Cell, variant: Variant, trial: int, scored: Scored, weighed: Mapping[str, Weighting]
) -> Iterator[Row]:
    """Measure what annotators with few, some and many answers get.

    Yields
    ------
    Row
        `mean_weight`, times the number of annotators: 1 is an equal share; `accuracy`, the
        true one and what r on the gold set takes it for.
    """
    answers = scored.answers
    r = gold_reputation(*answers.graded)
    groups = {
        "answers=1-10": answers.counts <= FEW,
        "answers=11-19": (answers.counts > FEW) & ~answers.measured,
        "answers=20-182": answers.measured,
    }
    for label, members in groups.items():
        group = _renamed(variant, label)
        yield cell.row(group, "truth", "accuracy", answers.accuracy[members].mean(), trial)
        yield cell.row(group, "r", "accuracy", r[members].mean(), trial)
        for name, found in weighed.items():
            share = found.weights[members].mean() * answers.annotators
            yield cell.row(group, name, "mean_weight", share, trial)


def _renamed(variant: Variant, part: str) -> Variant:
    return replace(variant, condition=f"{variant.condition};{part}")
