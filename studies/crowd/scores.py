"""Scores of single answers: probability of the given label, loss, Krum's q."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.gradients import sample_gradients
from anml_fl.method.krum import consistency
from anml_fl.method.sample_krum import sample_krum_scores
from anml_fl.models import cohort
from studies.sample.fitted import HIDDEN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from studies.crowd.answers import Answers
    from studies.crowd.settings import CrowdSettings

_FOLDS = 5


def fitted_scores(
    answers: Answers, settings: CrowdSettings, rng: np.random.Generator
) -> dict[str, NDArray[np.float64]]:
    """Score answers by a model that has seen them all.

    Parameters
    ----------
    answers : Answers
    settings : CrowdSettings
        `fit`, `learning_rate`, and `beta` for Krum's f = round(beta n).
    rng : numpy.random.Generator
        Draws the initial weights.

    Returns
    -------
    dict
        `probability` of the given label, `krum` (q of Eq. 2 and 3 on per-sample gradients),
        both in [0, 1], and `loss`, negated; (n,) each, the higher the better.
    """
    models = cohort.train(
        cohort.initial([int(rng.integers(2**32))], _sizes(answers)),
        answers.features,
        answers.labels,
        epochs=settings.fit,
        learning_rate=settings.learning_rate,
    ).final
    gradients = sample_gradients(cohort.module(models, 0), answers.features, answers.labels)
    losses = gradients.losses
    f = round(settings.beta * losses.size)
    return {
        "krum": consistency(sample_krum_scores(gradients, n_byzantine=f)),
        "loss": -losses,
        "probability": np.exp(-losses),
    }


def out_of_fold_probabilities(
    answers: Answers, settings: CrowdSettings, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Predict each picture by a model that has seen no answer about it.

    Parameters
    ----------
    answers : Answers
    settings : CrowdSettings
        `fit` and `learning_rate`.
    rng : numpy.random.Generator
        Deals pictures out to five folds, and draws the initial weights.

    Returns
    -------
    (pictures, classes) float64
    """
    pictures = answers.pictures
    fold = rng.permutation(len(pictures)) % _FOLDS
    probabilities = np.empty((len(pictures), answers.test.classes))
    for place in range(_FOLDS):
        seen = fold[answers.items] != place
        models = cohort.train(
            cohort.initial([int(rng.integers(2**32))], _sizes(answers)),
            answers.features[seen],
            answers.labels[seen],
            epochs=settings.fit,
            learning_rate=settings.learning_rate,
        ).final
        logits = cohort.predict(models, pictures[fold == place])[0]
        probabilities[fold == place] = logits.double().softmax(dim=1).cpu().numpy()
    return probabilities


def _sizes(answers: Answers) -> tuple[int, ...]:
    return (answers.features.shape[1], *HIDDEN, answers.test.classes)
