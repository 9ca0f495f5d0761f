"""Which classes look alike: the paper's pairs, or those that a weak classifier mixes up.

Section 5.11 names cat-dog, deer-horse and airplane-bird: classes 3-5, 4-7 and 0-2 of
CIFAR-10, though the data are Digits, where these pairs mean nothing. What it leaves open,
1, 6, 8 and 9, is paired as 1-9 and 6-8 here. Its obvious corruption, +5 modulo 10, maps 3 to
8 and 4 to 9, which Digits' classifiers do mix up.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from anml_fl.datasets.loading import load
from anml_fl.datasets.standardise import standardised
from studies.contributors.pooling import pooled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Pairs = tuple[tuple[int, int], ...]

_PAPER: Pairs = ((3, 5), (4, 7), (0, 2), (1, 9), (6, 8))
_PAPER_OFFSET = 5
# T-shirt and shirt, pullover and coat, sneaker and ankle boot.
_KNOWN: dict[str, Pairs] = {"fashion_mnist": ((0, 6), (2, 4), (7, 9))}
_FOLDS = 5
_HEIGHT = 7


class Flips(NamedTuple):
    """Where wrong labels go.

    Parameters
    ----------
    offset : int
        Of obvious ones, modulo the number of classes.
    pairs : tuple of (int, int)
        Of subtle ones: classes that look alike.
    """

    offset: int
    pairs: Pairs

    @property
    def text(self) -> str:
        """Pairs as the setting `flip_pairs` has them."""
        return ",".join(f"{one}-{other}" for one, other in self.pairs)


@cache
def flips(dataset: str, kind: str) -> Flips:
    """Choose the similar classes, and an offset that is obvious.

    Parameters
    ----------
    dataset : str
        As in `datasets.sources.load`.
    kind : {"paper", "confusion"}
        The paper's, for ten classes; or the pairs that are mixed up most, and the offset to
        the classes that are mixed up least, so that obvious corruption is.

    Raises
    ------
    ValueError
        If the paper's pairs are asked for, and there are not ten classes.
    OSError
        If the data cannot be had.

    Examples
    --------
    >>> flips("digits", "paper").text
    '3-5,4-7,0-2,1-9,6-8'
    >>> flips("digits", "confusion").offset != 5
    True
    """
    if kind == "paper":
        classes = load(dataset).classes
        if classes != len(_PAPER) * 2:
            raise ValueError(
                f"pairs = 'paper' needs 10 classes, and {dataset} has {classes}:"
                " use 'confusion'"
            )
        return Flips(_PAPER_OFFSET, _PAPER)
    found = confusion(dataset)
    pairs = most_confused_pairs(found, _KNOWN.get(dataset, ()))
    return Flips(least_confused_offset(found), pairs)


def confusion(dataset: str) -> NDArray[np.int64]:
    """Count which classes linear discriminants take for which, out of fold.

    Weaker than the models that are studied: it mixes up enough to tell pairs by.

    Returns
    -------
    (classes, classes) int64
        True classes by row, predicted by column; of all samples, with their true labels.

    Raises
    ------
    ValueError
        If a class has fewer samples than there are folds.
    """
    table = load(dataset)
    counts = np.bincount(table.labels, minlength=table.classes)
    if counts.min() < _FOLDS:
        raise ValueError(
            f"{dataset}: class {counts.argmin()} has {counts.min()} samples, and to tell what"
            f" it is mixed up with takes {_FOLDS}"
        )
    features = standardised(table, np.arange(table.labels.size))
    # Discriminants of 28 x 28 pixels take seconds, and tell no more of what is mixed up.
    side = max(1, table.image[1] // _HEIGHT) if table.image else 1
    features, _ = pooled(features, table.image, side)
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=0)
    weak = LinearDiscriminantAnalysis()
    predicted = cross_val_predict(weak, features, table.labels, cv=folds)
    found: NDArray[np.int64] = confusion_matrix(
        table.labels, predicted, labels=np.arange(table.classes)
    )
    return found


def most_confused_pairs(found: NDArray[np.int64], fixed: Pairs = ()) -> Pairs:
    """Pair the classes off so that as much confusion as can be lies within pairs.

    Parameters
    ----------
    found : (classes, classes) int
        As `confusion` counts it.
    fixed : tuple of (int, int)
        Pairs that are given; the others are paired among themselves.

    Returns
    -------
    tuple of (int, int)
        The perfect matching of greatest weight; one class is left over of an odd number.

    Examples
    --------
    >>> most_confused_pairs(np.array([[9, 1, 5, 0], [1, 9, 0, 0], [0, 0, 9, 0], [0, 3, 0, 9]]))
    ((0, 2), (1, 3))
    """
    mixed = found + found.T

    @cache
    def best(left: tuple[int, ...], spare: bool) -> tuple[int, Pairs]:
        if not left:
            return 0, ()
        first, *others = left
        options = [best(tuple(others), False)] if spare else []
        for other in others:
            weight, pairs = best(tuple(one for one in others if one != other), spare)
            options.append((weight + int(mixed[first, other]), ((first, other), *pairs)))
        return max(options, key=lambda option: option[0])

    free = sorted(set(range(len(found))) - {one for pair in fixed for one in pair})
    return fixed + best(tuple(free), len(free) % 2 == 1)[1]


def least_confused_offset(found: Sequence[Sequence[int]] | NDArray[np.int64]) -> int:
    """Find the offset that takes labels to classes which theirs are hardly taken for.

    Parameters
    ----------
    found : (classes, classes) int
        As `confusion` counts it.

    Returns
    -------
    int
        In [1, classes - 1]; the lowest of equals.

    Examples
    --------
    >>> least_confused_offset([[9, 1, 0], [0, 9, 0], [0, 0, 9]])
    2
    """
    counts = np.asarray(found)
    own = np.arange(len(counts))
    masses = [counts[own, (own + step) % own.size].sum() for step in range(1, own.size)]
    return 1 + int(np.argmin(masses))
