"""How good a model's outputs are, by scikit-learn's metrics and under its names."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


_TITLES = {
    "f1": "F1",
    "matthews_corrcoef": "Matthews correlation",
    "roc_auc": "ROC AUC",
    "r2": "R2",
    "mae": "MAE",
    "mse": "MSE",
    "rmse": "RMSE",
}


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric.

    Parameters
    ----------
    name : str
        As settings name it.
    function : str
        Of `sklearn.metrics`.
    sees : str
        "classes": the predicted class; "probabilities": the softmax of the logits; "values":
        a number in the label's own unit; "task": nothing, a task's own `test` gives it.
    better : str
        Whether "higher" or "lower" is better.
    share : bool
        Whether it lies in [0, 1], and is shown as a percentage.
    """

    name: str
    function: str
    sees: Literal["classes", "probabilities", "values", "task"]
    better: Literal["higher", "lower"] = "higher"
    share: bool = True

    @property
    def title(self) -> str:
        """What it is called on a page, as people write it.

        Examples
        --------
        >>> METRICS["roc_auc"].title, METRICS["mae"].title, METRICS["log_loss"].title
        ('ROC AUC', 'MAE', 'log loss')
        """
        return _TITLES.get(self.name, self.name.replace("_", " "))

    def improves(self, score: float, best: float) -> bool:
        """Whether a score is better than the best so far; nan never is, and anything beats it.

        Examples
        --------
        >>> METRICS["mae"].improves(1.0, 2.0), METRICS["accuracy"].improves(0.5, 0.5)
        (True, False)
        """
        if math.isnan(score):
            return False
        if math.isnan(best):
            return True
        return score > best if self.better == "higher" else score < best

    def score(self, truth: NDArray[Any], outputs: NDArray[np.floating[Any]]) -> float:
        """Score a model's outputs.

        Parameters
        ----------
        truth : (n,) array
            Classes, or values in the label's own unit.
        outputs : (n, classes) or (n,) float64
            Probabilities; or values in the label's own unit.

        Returns
        -------
        float
            nan where it is not defined: a curve's area with one class alone, no rows.

        Examples
        --------
        >>> import numpy as np
        >>> sure = np.array([[0.9, 0.1], [0.2, 0.8]])
        >>> METRICS["balanced_accuracy"].score(np.array([0, 1]), sure)
        1.0
        """
        from sklearn import metrics  # noqa: PLC0415 - settings know the names alone

        if not truth.size:
            return math.nan
        function = getattr(metrics, self.function)
        with warnings.catch_warnings():
            # What is not defined is nan here, and said so.
            warnings.simplefilter("ignore")
            try:
                return float(_applied(self, function, truth, outputs))
            except ValueError:
                return math.nan


def _applied(
    metric: Metric, function: Any, truth: NDArray[Any], outputs: NDArray[np.floating[Any]]
) -> float:
    if metric.sees == "values":
        return float(function(truth, outputs))
    classes = outputs.shape[1]
    if metric.sees == "classes":
        chosen = outputs.argmax(axis=1)
        # Of two classes the second is the one that is looked for.
        average = {"average": "binary" if classes == 2 else "macro", "zero_division": 0.0}
        extra = average if metric.name in ("f1", "precision", "recall") else {}
        return float(function(truth, chosen, **extra))
    if metric.name == "log_loss":
        return float(function(truth, outputs, labels=range(classes)))
    if classes == 2:
        return float(function(truth, outputs[:, 1]))
    if metric.name == "roc_auc":
        return float(function(truth, outputs, multi_class="ovr", labels=range(classes)))
    return float(function(truth[:, None] == range(classes), outputs, average="macro"))


METRICS = {
    one.name: one
    for one in (
        Metric("accuracy", "accuracy_score", "classes"),
        Metric("balanced_accuracy", "balanced_accuracy_score", "classes"),
        Metric("f1", "f1_score", "classes", share=False),
        Metric("precision", "precision_score", "classes"),
        Metric("recall", "recall_score", "classes"),
        Metric("matthews_corrcoef", "matthews_corrcoef", "classes", share=False),
        Metric("roc_auc", "roc_auc_score", "probabilities", share=False),
        Metric("average_precision", "average_precision_score", "probabilities", share=False),
        Metric("log_loss", "log_loss", "probabilities", "lower", share=False),
        Metric("r2", "r2_score", "values", share=False),
        Metric("mae", "mean_absolute_error", "values", "lower", share=False),
        Metric("mse", "mean_squared_error", "values", "lower", share=False),
        Metric("rmse", "root_mean_squared_error", "values", "lower", share=False),
        Metric("loss", "", "task", "lower", share=False),
    )
}
"""What `--metric` may name: of classes first, then of values, then of a task of one's own."""

SEEN_OF = {False: ("classes", "probabilities"), True: ("values",)}
"""What the metrics see that fit a label: one of classes, or (True) a number."""


def metric_named(name: str) -> str:
    """Find a metric's name here: scikit-learn's functions and scorers are meant as well.

    Raises
    ------
    ValueError
        If there is none; it lists them.

    Examples
    --------
    >>> metric_named("neg_log_loss"), metric_named("mean_absolute_error"), metric_named("f1")
    ('log_loss', 'mae', 'f1')
    """
    wanted = name.removeprefix("neg_")
    for one in METRICS.values():
        if wanted in (one.name, one.function):
            return one.name
    raise ValueError(f"known metrics: {', '.join(METRICS)}")
