"""What is measured of a run: the error, who was thrown out, and whom it paid."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.federation.run_task import task_of
from anml_fl.models.state import outputs_of
from studies.arena.rounds import rounds_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from anml_fl.datasets.prepare import Samples
    from studies.federations.run import Federated

    Floats = NDArray[np.float64]

LEFT_OUT = "attackers_left_out"
"""Share of what attackers sent that was left out before any rule saw it."""

STOOD = "rounds_stood"
"""Share of rounds that kept the model as it was before them."""

PAID = "paid/"
"""Before an honest contributor's name: its share of what the run paid."""

KEPT = "kept/"
"""Before a class: the share of the honest rows of that class that went into the model."""

MINORITY_SHARE = 0.2
"""Of the honest: those whose labels are farthest from all labels together."""


def measured(done: Federated) -> dict[str, float]:
    """Measure a finished run of one strategy.

    Parameters
    ----------
    done : Federated

    Returns
    -------
    dict
        `error`: of the final model on the test rows, in [0, 1]; `worst_class_error`: of the
        class that is classified worst; `rounds_stood` and `attackers_left_out`: see `STOOD`
        and `LEFT_OUT`. Of rules with weights, shares over all rounds, in [0, 1]:
        `honest_kept`, `attackers_kept`, `minority_kept`, `worst_site_kept` (of the honest
        contributor that is kept least), `worst_class_kept`, `kept/CLASS`, `attackers_weight`,
        `attackers_paid` (their share of all that the ledger's pool pays out), and
        `paid/CONTRIBUTOR`. A coordinate-wise rule has none of these, and where nobody attacks
        there is nothing of attackers.
    """
    (one,) = done.run.strategies
    task = task_of(done.config)
    names = list(task.data.names)
    honest = np.array([not done.run.attacks(name) for name in names])
    counts = label_counts(task.data.parts)
    rounds = rounds_of(one.records, names)
    outputs = outputs_of(task.model_of(done.models[one.name]), task.data.test.features)
    found = {
        "error": done.error(one.name),
        "worst_class_error": worst_class_error(outputs.argmax(1), task.data.test.labels),
        STOOD: float(rounds.stood.mean()),
    }
    if not honest.all():
        found[LEFT_OUT] = float(rounds.left_out[:, ~honest].mean())
    if one.weighing:
        paid = payouts(rounds.weights)
        found |= thrown_out(rounds.selected, honest, counts)
        found["attackers_weight"] = float(rounds.weights[:, ~honest].sum(axis=1).mean())
        found["attackers_paid"] = float(paid[~honest].sum())
        found |= {
            f"{PAID}{name}": float(share)
            for name, share, good in zip(names, paid, honest, strict=True)
            if good
        }
    return {name: value for name, value in found.items() if not math.isnan(value)}


def label_counts(parts: tuple[Samples, ...]) -> Floats:
    """Count each contributor's rows of each class: (n, classes).

    Examples
    --------
    >>> from anml_fl.datasets.prepare import Samples
    >>> held = Samples(np.zeros((3, 1), np.float32), np.array([0, 2, 2]), 3)
    >>> label_counts((held,))
    array([[1., 0., 2.]])
    """
    return np.array(
        [np.bincount(part.labels, minlength=part.classes) for part in parts], np.float64
    )


def thrown_out(
    selected: Floats, honest: NDArray[np.bool_], counts: Floats
) -> Mapping[str, float]:
    """Tell whose updates went into the model.

    Parameters
    ----------
    selected : (rounds, n) float
        1 where an update was kept.
    honest : (n,) bool
    counts : (n, classes) float
        Rows of each class that each holds.

    Returns
    -------
    dict
        As of `measured`.

    Examples
    --------
    >>> found = thrown_out(
    ...     np.array([[1.0, 0.0, 0.0]]),
    ...     np.array([True, True, False]),
    ...     np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]),
    ... )
    >>> found["honest_kept"], found["attackers_kept"], found["kept/0"], found["kept/1"]
    (0.5, 0.0, 1.0, 0.0)
    """
    kept = selected.mean(axis=0)
    held = counts[honest]
    rows = held.sum(axis=0)
    # Of a class that no honest contributor holds nothing can be lost.
    by_class = {
        label: float(kept[honest] @ held[:, label] / rows[label])
        for label in np.flatnonzero(rows)
    }
    among = minority(counts, honest)
    return {
        "honest_kept": float(kept[honest].mean()) if honest.any() else math.nan,
        "attackers_kept": float(kept[~honest].mean()) if not honest.all() else math.nan,
        "minority_kept": float(kept[among].mean()) if among.size else math.nan,
        "worst_site_kept": float(kept[honest].min()) if honest.any() else math.nan,
        "worst_class_kept": min(by_class.values(), default=math.nan),
        **{f"{KEPT}{label}": share for label, share in by_class.items()},
    }


def minority(counts: Floats, honest: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Name the minority: the fifth of the honest whose labels are least like all labels.

    By the total variation distance between a contributor's shares of classes and those of all
    rows that are trained on, 1/2 sum |p_i - p|; of equal ones the first.

    Parameters
    ----------
    counts : (n, classes) float
    honest : (n,) bool

    Returns
    -------
    (m,) int
        Places of contributors, one at least where anybody is honest.

    Examples
    --------
    >>> minority(np.array([[5.0, 5.0], [0.0, 9.0], [6.0, 4.0]]), np.ones(3, bool))
    array([1])
    """
    if not honest.any():
        return np.empty(0, np.intp)
    shares = counts / counts.sum(axis=1, keepdims=True)
    everybody = counts.sum(axis=0) / counts.sum()
    distance = np.abs(shares - everybody).sum(axis=1) / 2
    # Sums in another order differ in the last bits: such distances are equal.
    order = np.lexsort((np.arange(distance.size), -np.round(distance, 12)))
    order = order[honest[order]]
    return np.sort(order[: max(1, round(MINORITY_SHARE * order.size))])


def payouts(weights: Floats) -> Floats:
    """Share out what a run pays: every round has one pool, which goes by weight.

    Parameters
    ----------
    weights : (rounds, n) float
        Rows that are all 0, or nan, pay nothing.

    Returns
    -------
    (n,) float
        Shares of all that was paid, which add up to 1, or are all 0.

    Examples
    --------
    >>> payouts(np.array([[0.5, 0.5], [0.0, 1.0], [0.0, 0.0]]))
    array([0.25, 0.75])
    """
    paid = np.nan_to_num(weights).sum(axis=0)
    total = paid.sum()
    shares: Floats = paid / total if total > 0 else paid
    return shares


def worst_class_error(predicted: NDArray[np.intp], labels: NDArray[np.int64]) -> float:
    """Find the share that is wrong of the class that is classified worst.

    Examples
    --------
    >>> worst_class_error(np.array([0, 0, 1, 0]), np.array([0, 0, 1, 1]))
    0.5
    """
    wrong = predicted != labels
    return max(float(wrong[labels == label].mean()) for label in np.unique(labels))
