"""FLANDERS' table: a hundred clients, of which a fifth or three fifths attack.

Gabrielli, Belli, Matrullo, Miori, Tolomei: Protecting federated learning from extreme model
poisoning attacks via multidimensional time series anomaly detection, 2023 (arXiv 2303.16668),
and its Flower baseline `flanders`: MNIST, Dirichlet .5, a perceptron by Adam, 50 rounds of all
clients; FLANDERS, Multi-Krum, Bulyan and the trimmed mean are told how many attack.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field

from studies.federations.run import federate
from studies.federations.throwaway import throwaway_folder
from studies.published.small_mnist import digits
from studies.settings import Settings
from studies.study import Cell, Row, Study, Variant

if TYPE_CHECKING:
    from studies.published.small_mnist import Digits

ATTACKS = ("gaussian", "alie", "fang_krum", "min_max")
_CLIENTS, _FEW, _MOST = 100, 20, 60
_ROWS, _TESTED = "rows.parquet", "tested.parquet"


class Flanders(Settings):
    """What the table varies."""

    attack: str = Field("gaussian", description="What attackers do.")
    hostile: int = Field(_FEW, ge=0, le=100, description="Clients that attack, of a hundred.")
    rounds: int = Field(50, ge=1, le=10_000, description="Rounds of training.")


def variants(dataset: str) -> tuple[Variant, ...]:
    """List four attacks by few and by most, and nobody's.

    Bulyan and the trimmed mean bear few alone.
    """
    rules = {
        _FEW: ("fedavg", "flanders", "multikrum", "bulyan", "trimmed_mean"),
        _MOST: ("fedavg", "flanders", "multikrum"),
    }
    nobody = Variant(
        "attack=nobody;hostile=0", Flanders(attack="honest", hostile=0), ("fedavg",)
    )
    attacked = tuple(
        Variant(
            f"attack={attack};hostile={hostile}",
            Flanders(attack=attack, hostile=hostile),
            chosen,
        )
        for hostile, chosen in rules.items()
        for attack in ATTACKS
    )
    return (nobody, *attacked)


def run(cell: Cell) -> list[Row]:
    """Train under each rule; `accuracy` on the test digits after the last round."""
    found = []
    for trial in cell.trials:
        seed = cell.seed + trial
        with TemporaryDirectory(dir=throwaway_folder()) as name:
            folder = Path(name)
            _write(folder, digits(seed))
            found += [
                cell.row(v, rule, "accuracy", 1 - _error(v.recipe, rule, folder, seed), trial)
                for v in cell.variants
                for rule in v.methods
            ]
    return found


def _write(folder: Path, data: Digits) -> None:
    """Keep the digits as tables, without the pixels that are the same in all images."""
    varies = np.flatnonzero(np.ptp(data.features, axis=0))
    for name, features, labels in (
        (_ROWS, data.features, data.labels),
        (_TESTED, data.test_features, data.test_labels),
    ):
        columns: dict[str, Any] = {f"pixel_{i}": features[:, i] for i in varies}
        columns["label"] = [f"digit {label}" for label in labels]
        pq.write_table(pa.table(columns), folder / name)


def _error(recipe: Flanders, rule: str, folder: Path, seed: int) -> float:
    done = federate(
        data=str(folder / _ROWS),
        label="label",
        test=str(folder / _TESTED),
        partition="dirichlet:0.5",
        contributors=_CLIENTS,
        behaviours={recipe.attack: recipe.hostile, "honest": _CLIENTS - recipe.hostile},
        scenario="unknown",
        root="none",
        model="mlp",
        optimizer="adam",
        learning_rate=0.001,
        rounds=recipe.rounds,
        local_epochs=1,
        n_byzantine=recipe.hostile,
        trim=min(0.49, recipe.hostile / _CLIENTS),
        strategies=rule,
        seed=seed,
    )
    return done.error(rule)


STUDY = Study(
    name="flanders",
    title="A hundred clients, twenty or sixty of whom attack",
    source="FLANDERS, Flower's baseline",
    trials={"mnist_writers": 3},
    variants=variants,
    run=run,
    block={"mnist_writers": 1},
    cost=600.0,
    quick={"rounds": 2},
)
