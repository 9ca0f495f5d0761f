"""What annotators answered, as one table sorted by annotator, with a gold set drawn."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.datasets.loading import load
from anml_fl.datasets.prepare import NATURAL, deal
from anml_fl.seeding import stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anml_fl.datasets.prepare import Samples

ENOUGH = 20
"""Answers from which on an annotator's accuracy counts as measured."""

FEW = 10
"""Up to so many answers an annotator is one of those with few."""


@dataclass(frozen=True)
class Answers:
    """A row an answer.

    Parameters
    ----------
    features : (n, d) float32
        Of the picture.
    labels : (n,) int64
        What was answered.
    truth : (n,) int64
        The true class, which only the gold set and the measurements know.
    holder : (n,) int64
        Who answered, ascending.
    items : (n,) int64
        Which picture, from 0.
    gold : (n,) bool
        Whether the answer was checked.
    annotators : int
    test : Samples
        Pictures with true labels, which nobody was asked about.
    """

    features: NDArray[np.float32]
    labels: NDArray[np.int64]
    truth: NDArray[np.int64]
    holder: NDArray[np.int64]
    items: NDArray[np.int64]
    gold: NDArray[np.bool_]
    annotators: int
    test: Samples

    @cached_property
    def right(self) -> NDArray[np.bool_]:
        """Whether each answer is the true class."""
        right: NDArray[np.bool_] = self.labels == self.truth
        return right

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """Answers of each annotator."""
        return np.bincount(self.holder, minlength=self.annotators).astype(np.int64)

    @cached_property
    def accuracy(self) -> NDArray[np.float64]:
        """True accuracy of each annotator, over all its answers."""
        return np.bincount(self.holder, self.right, self.annotators) / self.counts

    @cached_property
    def unchecked_accuracy(self) -> NDArray[np.float64]:
        """True accuracy over the answers that r has not seen; nan where it has seen all."""
        left = ~self.gold
        counts = np.bincount(self.holder[left], minlength=self.annotators)
        right = np.bincount(self.holder[left], self.right[left], self.annotators)
        return np.where(counts > 0, right / np.maximum(counts, 1), np.nan)

    @cached_property
    def measured(self) -> NDArray[np.bool_]:
        """Annotators with answers enough to measure their accuracy."""
        return self.counts >= ENOUGH

    @cached_property
    def graded(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Right answers of each annotator on the gold set, and how many it holds."""
        seen = self.holder[self.gold]
        right = np.bincount(seen, self.right[self.gold], self.annotators)
        return right.astype(np.int64), np.bincount(seen, minlength=self.annotators)

    @cached_property
    def first(self) -> NDArray[np.intp]:
        """A row of each picture, by its number."""
        return np.unique(self.items, return_index=True)[1]

    @property
    def pictures(self) -> NDArray[np.float32]:
        """Features of each picture, (pictures, d)."""
        return self.features[self.first]

    @property
    def picture_truth(self) -> NDArray[np.int64]:
        """True class of each picture."""
        return self.truth[self.first]

    def votes(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Add answers up by picture.

        Parameters
        ----------
        weights : (n,) float64
            What each answer counts.

        Returns
        -------
        (pictures, classes) float64
        """
        votes = np.zeros((self.first.size, self.test.classes))
        np.add.at(votes, (self.items, self.labels), weights)
        return votes


def gather(dataset: str, gold: int, seed: int) -> Answers:
    """Load annotators' answers, and check some of each, drawn at random.

    The same answers are checked as `datasets.gold.graded_answers` checks in a federation.

    Parameters
    ----------
    dataset : str
        Whose labels are answers: `labelme`.
    gold : int
        Answers of each that are checked; all, of whoever has fewer.
    seed : int

    Raises
    ------
    ValueError
        If the data set's labels are not answers of several people about the same items.
    OSError
        If the data cannot be had.
    """
    table = load(dataset)
    if table.holder is None or table.truth is None or table.items is None:
        raise ValueError(
            f"{dataset} holds no answers of several people with known truth; labelme does"
        )
    annotators = len(table.contributors)
    # Nobody is left out and the test set is given, so the deal is the same for every seed.
    data = deal(dataset, annotators, NATURAL, 0)
    asked = np.flatnonzero(table.holder >= 0)
    rows = asked[np.argsort(table.holder[asked], kind="stable")]
    checked = []
    for name, part in zip(data.names, data.parts, strict=True):
        mask = np.zeros(part.labels.size, dtype=bool)
        mask[stream(seed, "gold", name).permutation(mask.size)[:gold]] = True
        checked.append(mask)
    return Answers(
        features=np.concatenate([part.features for part in data.parts]),
        labels=table.labels[rows],
        truth=table.truth[rows],
        holder=table.holder[rows],
        items=np.unique(table.items[rows], return_inverse=True)[1].ravel().astype(np.int64),
        gold=np.concatenate(checked),
        annotators=annotators,
        test=data.test,
    )
