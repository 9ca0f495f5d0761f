"""Scores of the given labels, by sample and by contributor: the higher, the better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from anml_fl.method.contributors import contributor_means
from anml_fl.method.gradients import sample_gradients
from anml_fl.method.krum import consistency
from anml_fl.method.sample_krum import sample_krum_scores
from studies.contributors.learners import TrainingSet, train_once

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from torch import nn

    from studies.contributors.dealing import Given
    from studies.contributors.learners import Learner

SCORES = ("loss", "krum", "out_of_fold")
"""Minus the loss; q, from per-sample gradients (Eq. 3); out-of-fold probability of the label.

Out of fold: Northcutt, Jiang, Chuang: Confident learning, JAIR 2021.
"""

_FOLDS = 5


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """What a fitted model and its likes tell of each label.

    Parameters
    ----------
    losses : (n,) float64
        Cross-entropy, >= 0.
    scores : mapping
        Name of `SCORES` to (n,) float64.
    """

    losses: NDArray[np.float64]
    scores: Mapping[str, NDArray[np.float64]]


def gradient_scores(given: Given, model: nn.Module, n_byzantine: int | None) -> Scored:
    """Score labels by one forward and backward pass of a fitted model.

    Parameters
    ----------
    given : Given
    model : torch.nn.Module
    n_byzantine : int, optional
        f of Krum's score; without it only the loss is scored.

    Returns
    -------
    Scored
        `loss` in (-inf, 0], and `krum` in [0, 1].
    """
    gradients = sample_gradients(model, given.features, given.targets)
    scores = {"loss": -gradients.losses}
    if n_byzantine is not None:
        scores["krum"] = consistency(sample_krum_scores(gradients, n_byzantine=n_byzantine))
    return Scored(gradients.losses, scores)


def folds_of(
    given: Given, rng: np.random.Generator
) -> list[tuple[NDArray[np.intp], TrainingSet]]:
    """Deal samples out into five folds, each given label alike.

    Parameters
    ----------
    given : Given
    rng : numpy.random.Generator
        Deals out, and draws the seeds of the models' initial weights.

    Returns
    -------
    list of (int array, TrainingSet)
        A fold's samples, and the set of all the others.
    """
    n = given.targets.size
    order = rng.permutation(n)
    order = order[np.argsort(given.targets[order], kind="stable")]
    folds = []
    for first in range(_FOLDS):
        held = np.sort(order[first::_FOLDS])
        seen = np.setdiff1d(np.arange(n), held)
        start = int(rng.integers(2**32))
        folds.append((held, TrainingSet(given.features[seen], given.targets[seen], start)))
    return folds


def out_of_fold_scores(
    learner: Learner,
    trials: Sequence[Given],
    rngs: Sequence[np.random.Generator],
    epochs: int,
) -> list[NDArray[np.float64]]:
    """Take the probability of each given label by a model that has not seen it.

    Parameters
    ----------
    learner : Learner
    trials : sequence of Given
    rngs : sequence of numpy.random.Generator
        One a trial.
    epochs : int
        Of the models' training.

    Returns
    -------
    list of (n,) float64
        In [0, 1], one array a trial.
    """
    folds = [folds_of(given, rng) for given, rng in zip(trials, rngs, strict=True)]
    sets = [one for of_trial in folds for _, one in of_trial]
    models = iter(train_once(learner, sets, (epochs,)))
    found = []
    for given, of_trial in zip(trials, folds, strict=True):
        scores = np.empty(given.targets.size)
        for held, _ in of_trial:
            scores[held] = _probability(
                next(models)[epochs], given.features[held], given.targets[held]
            )
        found.append(scores)
    return found


def by_contributor(scores: NDArray[np.float64], given: Given) -> NDArray[np.float64]:
    """Average a score over each contributor's samples: (c,) float64."""
    return contributor_means(scores, given.holder, given.malicious.size).means


def _probability(
    model: nn.Module, features: NDArray[np.float32], targets: NDArray[np.int64]
) -> NDArray[np.float64]:
    with torch.inference_mode():
        probabilities = model(torch.from_numpy(features)).double().softmax(dim=1).numpy()
    given: NDArray[np.float64] = probabilities[np.arange(targets.size), targets]
    return given
