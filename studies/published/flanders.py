"""FLANDERS' table: a hundred clients, of which a fifth or three fifths attack.

Gabrielli, Belli, Matrullo, Miori, Tolomei: Protecting federated learning from extreme model
poisoning attacks via multidimensional time series anomaly detection, 2023 (arXiv 2303.16668),
and its Flower baseline `flanders`: MNIST, Dirichlet .5, a perceptron by Adam, 50 rounds of all
clients; FLANDERS, Multi-Krum, Bulyan and the trimmed mean are told how many attack.
"""

from __future__ import annotations

from pydantic import Field

from studies.federations.run import federate
from studies.settings import Settings
from studies.study import Cell, Row, Study, Variant

ATTACKS = ("gaussian", "alie", "fang_krum", "min_max")
_FEW, _MOST = 20, 60


class Flanders(Settings):
    """What the table varies."""

    attack: str = Field("gaussian", description="What attackers do.")
    hostile: int = Field(_FEW, ge=0, le=100, description="Clients that attack, of a hundred.")
    rounds: int = Field(50, ge=1, le=10_000, description="Rounds of training.")


def variants(dataset: str) -> tuple[Variant, ...]:
    """List four attacks by few and by most; Bulyan and the trimmed mean bear few alone."""
    rules = {
        _FEW: ("fedavg", "flanders", "multikrum", "bulyan", "trimmed_mean"),
        _MOST: ("fedavg", "flanders", "multikrum"),
    }
    return tuple(
        Variant(
            f"attack={attack};hostile={hostile}",
            Flanders(attack=attack, hostile=hostile),
            chosen,
        )
        for hostile, chosen in rules.items()
        for attack in ATTACKS
    )


def run(cell: Cell) -> list[Row]:
    """Train under each rule; `accuracy` on the test digits after the last round."""
    return [
        cell.row(variant, rule, "accuracy", 1 - _error(variant, rule, cell, trial), trial)
        for trial in cell.trials
        for variant in cell.variants
        for rule in variant.methods
    ]


def _error(variant: Variant, rule: str, cell: Cell, trial: int) -> float:
    recipe: Flanders = variant.recipe
    done = federate(
        dataset=cell.dataset,
        partition="dirichlet:0.5",
        contributors=100,
        behaviours={"honest": 100 - recipe.hostile, recipe.attack: recipe.hostile},
        scenario="unknown",
        model="mlp",
        optimizer="adam",
        learning_rate=0.001,
        rounds=recipe.rounds,
        local_epochs=1,
        n_byzantine=recipe.hostile,
        trim=min(0.49, recipe.hostile / 100),
        strategies=rule,
        seed=cell.seed + trial,
    )
    return done.error(rule)


STUDY = Study(
    name="flanders",
    title="A hundred clients, twenty or sixty of whom attack",
    source="FLANDERS, Flower's baseline",
    trials={"mnist_writers": 2},
    variants=variants,
    run=run,
    block={"mnist_writers": 1},
    cost=600.0,
    quick={"rounds": 2},
)
