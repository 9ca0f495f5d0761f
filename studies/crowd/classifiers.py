"""The classifiers that labels are judged by: the same for every method."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from anml_fl.models import cohort
from studies.sample.fitted import HIDDEN

if TYPE_CHECKING:
    from anml_fl.datasets.prepare import Samples
    from studies.crowd.settings import CrowdSettings
    from studies.crowd.training_labels import LabelledSet

# Until the optimum is found to sklearn's tolerance: its 100 steps are too few here.
_STEPS = 5000


def logistic_error(labelled: LabelledSet, test: Samples) -> float:
    """Train a logistic regression with C = 1, and test it.

    Returns
    -------
    float
        Test error in [0, 1].
    """
    # Its sums, and so its steps, would differ with the number of threads.
    with threadpool_limits(1):
        model = LogisticRegression(C=1.0, max_iter=_STEPS).fit(
            labelled.features, labelled.labels
        )
    return 1.0 - float(model.score(test.features, test.labels))


def mlp_error(
    labelled: LabelledSet, test: Samples, settings: CrowdSettings, seed: int
) -> float:
    """Train an MLP (64, 32) with Adam on the full batch, and test it.

    Parameters
    ----------
    labelled : LabelledSet
    test : Samples
    settings : CrowdSettings
        `epochs` and `learning_rate`.
    seed : int
        Of the initial weights.

    Returns
    -------
    float
        Test error in [0, 1].
    """
    sizes = (labelled.features.shape[1], *HIDDEN, test.classes)
    trained = cohort.train(
        cohort.initial([seed], sizes),
        labelled.features,
        labelled.labels,
        epochs=settings.epochs,
        learning_rate=settings.learning_rate,
    ).final
    return float(cohort.error_rates(trained, test.features, test.labels)[0])
