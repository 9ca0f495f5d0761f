"""What a model is trained on: answers that were selected, or one label a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.selection import select_top
from studies.crowd.consensus import voted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from studies.crowd.answers import Answers
    from studies.crowd.consensus import Consensus


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """Samples to train on.

    Parameters
    ----------
    features : (m, d) float32
    labels : (m,) int64
    right : float
        Share of the labels that are true.
    """

    features: NDArray[np.float32]
    labels: NDArray[np.int64]
    right: float


@dataclass(frozen=True, slots=True)
class TrainingLabels:
    """Labels to train on, by the names of the methods that the tables compare.

    Parameters
    ----------
    answers : Answers
    scores : mapping
        Of single answers, by name: (n,) float64 >= 0.
    weights : mapping
        Of annotators, by name such as `two_stage@krum`: (c,) float64 >= 0.
    consensus : mapping
        `dawid_skene` and `crowdlab`.
    fraction : float
        Share that selection keeps.
    """

    answers: Answers
    scores: Mapping[str, NDArray[np.float64]]
    weights: Mapping[str, NDArray[np.float64]]
    consensus: Mapping[str, Consensus]
    fraction: float

    def of(self, method: str) -> LabelledSet:
        """Choose the samples, and label them, as a method does.

        Parameters
        ----------
        method : str
            `answers`, all of them; `gold`, the checked pictures alone with true labels;
            `truth`; `majority_vote`; `dawid_skene` or `crowdlab`; a score such as
            `probability`, the answers of highest score; weights such as `two_stage@krum`, the
            answers of highest score times weight. Weights also with `/annotators`, all
            answers of the heaviest annotators; `/vote`, in which an answer counts as much as
            its annotator weighs; `/scored_vote`, as much as score times weight. What labels
            pictures also with `/top`, those it is surest of.

        Raises
        ------
        ValueError
            If there is no such method.
        """
        answers, whole = self.answers, method.removesuffix("/top")
        if method == "answers":
            return self._answers(np.ones(answers.labels.size, dtype=bool))
        if method in self.scores:
            return self._answers(select_top(self.scores[method], self.fraction))
        if method in self.weights:
            return self._answers(select_top(self._scored(method), self.fraction))
        name, _, use = whole.partition("/")
        if name in self.weights and use == "annotators" and whole == method:
            heaviest = select_top(self.weights[name], self.fraction)
            return self._answers(heaviest[answers.holder])
        labels, sure = self._labelled(whole)
        if method == "gold":
            chosen = np.zeros(labels.size, dtype=bool)
            chosen[answers.items[answers.gold]] = True
        else:
            chosen = select_top(sure, self.fraction if whole != method else 1.0)
        right = labels[chosen] == answers.picture_truth[chosen]
        return LabelledSet(answers.pictures[chosen], labels[chosen], float(right.mean()))

    def _answers(self, chosen: NDArray[np.bool_]) -> LabelledSet:
        answers = self.answers
        right = float(answers.right[chosen].mean())
        return LabelledSet(answers.features[chosen], answers.labels[chosen], right)

    def _scored(self, name: str) -> NDArray[np.float64]:
        score = self.scores[name.partition("@")[2]]
        return score * self.weights[name][self.answers.holder]

    def _labelled(self, method: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Label every picture, and say how surely."""
        answers = self.answers
        name, _, use = method.partition("/")
        if method in self.consensus:
            return self.consensus[method].labels, self.consensus[method].sure
        if method in ("truth", "gold"):
            return answers.picture_truth, np.ones(answers.first.size)
        if method == "majority_vote":
            counts = np.ones(answers.labels.size)
        elif name in self.weights and use == "vote":
            counts = self.weights[name][answers.holder]
        elif name in self.weights and use == "scored_vote":
            counts = self._scored(name)
        else:
            raise ValueError(
                f"unknown method {method!r}; known: answers, gold, truth, majority_vote,"
                f" {', '.join([*self.consensus, *self.scores, *self.weights])}; weights also"
                " with /annotators, /vote or /scored_vote"
            )
        votes = answers.votes(counts)
        return voted(votes), votes.max(axis=1)
