"""Libraries' consensus of annotators: Dawid-Skene of crowd-kit, CROWDLAB of cleanlab.

Dawid and Skene: Maximum likelihood estimation of observer error-rates using the EM algorithm,
Applied Statistics 1979. Goh, Tkachenko, Mueller: CROWDLAB: supervised learning to infer
consensus labels and quality scores for data with multiple annotators, 2022.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from studies.crowd.answers import Answers


@dataclass(frozen=True, slots=True)
class Consensus:
    """What a consensus says of pictures and of annotators.

    Parameters
    ----------
    labels : (pictures,) int64
    sure : (pictures,) float64
        How sure of each label, in [0, 1].
    accuracy : (annotators,) float64
        Estimated, in [0, 1].
    """

    labels: NDArray[np.int64]
    sure: NDArray[np.float64]
    accuracy: NDArray[np.float64]


def voted(votes: NDArray[np.float64]) -> NDArray[np.int64]:
    """Take the class of most votes; ties go to the lower class.

    Parameters
    ----------
    votes : (pictures, classes) float64

    Returns
    -------
    (pictures,) int64

    Examples
    --------
    >>> voted(np.array([[1.0, 2.0, 2.0], [0.5, 0.2, 0.0]]))
    array([1, 0])
    """
    labels: NDArray[np.int64] = votes.argmax(axis=1).astype(np.int64)
    return labels


def dawid_skene(answers: Answers) -> Consensus:
    """Fit a confusion matrix to every annotator by EM, from the answers alone.

    An annotator's accuracy is the matrix's diagonal, weighed by the classes' estimated shares.

    Raises
    ------
    ModuleNotFoundError
        If crowd-kit is not installed.
    """
    try:
        import pandas as pd  # noqa: PLC0415 - crowd-kit brings it, and is an optional extra
        from crowdkit.aggregation import DawidSkene  # noqa: PLC0415 - an optional extra
    except ModuleNotFoundError as error:
        raise _missing("dawid_skene", "crowd-kit") from error
    table = {"task": answers.items, "worker": answers.holder, "label": answers.labels}
    with warnings.catch_warnings():
        # It asks pandas for what a later version of it will not have.
        warnings.simplefilter("ignore", DeprecationWarning)
        fitted: Any = DawidSkene().fit(pd.DataFrame(table))
    classes = range(answers.test.classes)
    posterior = fitted.probas_.reindex(columns=classes, fill_value=0.0).sort_index().to_numpy()
    # What an annotator never answered has no row in its matrix.
    share = fitted.priors_.reindex(classes, fill_value=0.0).to_numpy()
    correct = np.zeros((answers.annotators, len(share)))
    for (annotator, answered), row in fitted.errors_.iterrows():
        correct[annotator, answered] = row[answered]
    return Consensus(voted(posterior), posterior.max(axis=1), correct @ share)


def crowdlab(answers: Answers, probabilities: NDArray[np.float64]) -> Consensus:
    """Weigh annotators and a classifier by how well they agree.

    Parameters
    ----------
    answers : Answers
    probabilities : (pictures, classes) float64
        By models that have not seen answers about the picture.

    Raises
    ------
    ModuleNotFoundError
        If cleanlab is not installed.
    """
    try:
        from cleanlab.multiannotator import (  # noqa: PLC0415 - an optional extra
            get_label_quality_multiannotator,
        )
    except ModuleNotFoundError as error:
        raise _missing("crowdlab", "cleanlab") from error
    table = np.full((answers.first.size, answers.annotators), np.nan)
    table[answers.items, answers.holder] = answers.labels
    with warnings.catch_warnings():
        # It suggests that annotators with few answers be left out: they are the point.
        warnings.simplefilter("ignore", UserWarning)
        found = get_label_quality_multiannotator(table, probabilities, verbose=False)
    pictures = found["label_quality"]
    return Consensus(
        labels=pictures["consensus_label"].to_numpy().astype(np.int64),
        sure=pictures["consensus_quality_score"].to_numpy().astype(np.float64),
        accuracy=found["annotator_stats"]["annotator_quality"].sort_index().to_numpy(),
    )


def _missing(method: str, package: str) -> ModuleNotFoundError:
    return ModuleNotFoundError(
        f"the method {method} needs the package {package}: pip install 'anml-fl[studies]'"
    )
