"""FLamby's heart disease: four hospitals, logistic regression, with and without each other.

Ogier du Terrail and others: FLamby: datasets and benchmarks for cross-silo federated learning
in realistic healthcare settings, NeurIPS 2022. Tested on all hospitals' test rows together,
and on each one's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field
from sklearn.linear_model import LogisticRegression

from anml_fl.federation.run_task import task_of
from studies.federations.coalitions import coalition_model
from studies.federations.run import federate
from studies.settings import Settings
from studies.study import Cell, Row, Study, Variant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from anml_fl.datasets.prepare import Partitioned
    from studies.federations.run import Federated

_ALL = "all"
_SITES = ("cleveland", "hungarian", "switzerland", "va")


class Heart(Settings):
    """How the hospitals train."""

    rounds: int = Field(20, ge=1, le=10_000, description="Rounds of training.")


def variants(dataset: str) -> tuple[Variant, ...]:
    """List who is tested on: everybody's rows, and each hospital's own."""
    everyone = Variant(f"tested={_ALL}", Heart(), ("fedavg", "pooled", "local_cleveland"))
    own = [Variant(f"tested={site}", Heart(), ("fedavg", "local")) for site in _SITES]
    return (everyone, *own)


def run(cell: Cell) -> list[Row]:
    """Train together, alone, and on all rows in one place; `accuracy` on the test rows."""
    rows = []
    for trial in cell.trials:
        done = _together(cell, cell.variants[0].recipe, trial)
        task = task_of(done.config)
        data = task.data
        alone = {
            site: task.model_of(coalition_model(done.config, [site])) for site in data.names
        }
        tested = np.asarray(data.tested)
        for variant in cell.variants:
            place = variant.condition.partition("=")[2]
            among = np.ones(len(tested), dtype=bool)
            if place != _ALL:
                among = tested == data.names.index(place)
            owner = "cleveland" if place == _ALL else place
            found: Mapping[str, float] = {
                "fedavg": done.error("fedavg", among),
                "pooled": _pooled(data, among),
                "local": task.error(alone[owner], data.test.take(np.flatnonzero(among))),
            }
            rows += [
                cell.row(variant, method, "accuracy", 1 - found[method.split("_")[0]], trial)
                for method in variant.methods
            ]
    return rows


def _together(cell: Cell, recipe: Heart, trial: int) -> Federated:
    return federate(
        dataset=cell.dataset,
        partition="natural",
        contributors=len(_SITES),
        behaviours={"honest": len(_SITES)},
        scenario="unknown",
        model="logistic",
        rounds=recipe.rounds,
        local_epochs=1,
        batch_size=4,
        learning_rate=0.01,
        strategies="fedavg",
        seed=cell.seed + trial,
    )


def _pooled(data: Partitioned, among: NDArray[np.bool_]) -> float:
    features = np.concatenate([part.features for part in data.parts])
    labels = np.concatenate([part.labels for part in data.parts])
    model = LogisticRegression(max_iter=1000).fit(features, labels)
    wrong = model.predict(data.test.features) != data.test.labels
    return float(wrong[among].mean())


STUDY = Study(
    name="flamby-heart",
    title="Four hospitals: together, alone, and all rows in one place",
    source="FLamby, NeurIPS 2022",
    trials={"heart_disease": 5},
    variants=variants,
    run=run,
    block={"heart_disease": 1},
    cost=20.0,
    quick={"rounds": 2},
)
