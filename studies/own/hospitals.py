"""Four hospitals that share a model: which weight each gets, and whether it is deserved.

Nobody has credentials: every s is the same, so that `anml` falls back on q, and `q_only` would
be the same to the last bit. The hospital furthest from the others has q = 0 (Eq. 3), hence no
weight at any fraction. Among three Krum has no meaning: q = 1 for all, and the fraction drops
whoever comes last by name. Janosi, Steinbrunn, Pfisterer, Detrano: Heart disease, UCI, 1989.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from sklearn.linear_model import LogisticRegression

from anml_fl.federation.data import data_of
from anml_fl.run.rank_correlation import rank_correlation
from studies.federations.coalitions import coalition_model
from studies.federations.natural_contributors import (
    BY_SELECTION,
    Natural,
    Trials,
    mean_consistency,
    mean_weight,
)
from studies.study import Cell, Row, Study, Variant

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anml_fl.datasets.prepare import Partitioned
    from studies.federations.run import Federated

    Figures = dict[str, float]

_HOSPITALS = ("cleveland", "hungarian", "switzerland", "va")
_STRATEGIES = ("fedavg", "anml", "softmax_blend", "median")


def variants(dataset: str) -> tuple[Variant, ...]:
    """List the federation of all, at both fractions, and those of all but one."""
    all_four = Natural(
        contributors=len(_HOSPITALS),
        rounds=8,
        local_epochs=5,
        batch_size=32,
        learning_rate=0.1,
    )
    three = len(_HOSPITALS) - 1
    return (
        Variant("fraction=0.7", all_four, _STRATEGIES),
        Variant("fraction=1", all_four.changed(fraction=1.0), BY_SELECTION),
        *(
            Variant(
                f"leave_out={name};fraction={fraction:g}",
                all_four.changed(leave_out=name, contributors=three, fraction=fraction),
                ("fedavg", "anml"),
            )
            for name in _HOSPITALS
            for fraction in (0.7, 1.0)
        ),
    )


def run(cell: Cell) -> list[Row]:
    """Train each strategy; errors by hospital, its weight and q, and what it was worth.

    `worth_*` is leave-one-out: the pooled test error of FedAvg trained anew without the
    hospital, less that with all. `agreement` is Spearman's correlation of weights and worth
    over the hospitals of a trial; there is none where either is constant. Beside the
    strategies stand each hospital's own model (`local`) and a logistic regression on all
    samples in one place (`pooled_logistic`).
    """
    rows = []
    for trial in cell.trials:
        trials = Trials(cell.dataset, cell.seed + trial)
        seen: dict[str, _Reference] = {}
        for variant in cell.variants:
            # Neither what a hospital is worth nor the references depend on the fraction.
            left_out = variant.recipe.leave_out
            if left_out not in seen:
                seen[left_out] = _Reference.of(trials.trained(variant.recipe, "fedavg"))
            found = dict(seen[left_out].figures)
            for method in variant.methods:
                done = trials.trained(variant.recipe, method)
                found[method] = _errors(done, method) | _standing(done, seen[left_out].worth)
            rows += [
                cell.row(variant, method, metric, value, trial)
                for method, figures in found.items()
                for metric, value in figures.items()
                if np.isfinite(value)
            ]
    return rows


@dataclass(frozen=True, slots=True)
class _Reference:
    """What stands beside the strategies, and what each hospital is worth."""

    figures: dict[str, Figures]
    worth: Figures

    @classmethod
    def of(cls, done: Federated) -> _Reference:
        data = data_of(done.config)
        figures = {"pooled_logistic": _logistic(data)}
        if done.config.federation.leave_out:
            return cls(figures, {})
        sizes = [own.sum() for own in _owns(data).values()]
        local = {
            f"error_{name}": _without(done, set(data.names) - {name}).error("coalition", own)
            for name, own in _owns(data).items()
        }
        figures["local"] = {
            "error": float(np.average(list(local.values()), weights=sizes)),
            **local,
        }
        worth = {
            name: _without(done, {name}).error("coalition") - done.error("fedavg")
            for name in data.names
        }
        figures["leave_one_out"] = {f"worth_{name}": value for name, value in worth.items()}
        return cls(figures, worth)


def _without(done: Federated, absent: set[str]) -> Federated:
    present = [name for name in data_of(done.config).names if name not in absent]
    return replace(done, models={"coalition": coalition_model(done.config, present)})


def _owns(data: Partitioned) -> dict[str, NDArray[np.bool_]]:
    """Which test rows are whose; nobody's where one who takes no part is tested on."""
    tested = np.asarray(data.tested)
    owns = {name: tested == place for place, name in enumerate(data.names)}
    return {name: own for name, own in owns.items() if own.any()}


def _errors(done: Federated, method: str) -> Figures:
    owns = _owns(data_of(done.config))
    parts = {f"error_{name}": done.error(method, own) for name, own in owns.items()}
    return {"error": done.error(method), **parts}


def _standing(done: Federated, worth: Figures) -> Figures:
    names = data_of(done.config).names
    weights = {name: mean_weight(done, (name,)) for name in names}
    figures = {f"weight_{name}": weight for name, weight in weights.items()}
    figures |= {f"q_{name}": mean_consistency(done, name) for name in names}
    if worth and np.isfinite(list(weights.values())).all():
        pair = [np.array([values[name] for name in names]) for values in (weights, worth)]
        agreement = rank_correlation(pair[0], pair[1])
        if agreement is not None:
            figures["agreement"] = agreement
    return figures


def _logistic(data: Partitioned) -> Figures:
    features = np.concatenate([part.features for part in data.parts])
    labels = np.concatenate([part.labels for part in data.parts])
    model = LogisticRegression(max_iter=1000).fit(features, labels)
    misses = model.predict(data.test.features) != data.test.labels
    parts = {f"error_{name}": float(misses[own].mean()) for name, own in _owns(data).items()}
    return {"error": float(misses.mean()), **parts}


STUDY = Study(
    name="hospitals",
    title="Four hospitals that share a model",
    source="absent from the paper",
    trials={"heart_disease": 20},
    variants=variants,
    run=run,
    block={"heart_disease": 1},
    cost=20.0,
)
