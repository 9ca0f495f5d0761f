"""The 59 annotators as a federation: each trains on its own answers, and sends an update."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from studies.crowd.answers import FEW, gather
from studies.crowd.measures import rank_correlation
from studies.federations.run import federate
from studies.settings import Settings
from studies.study import Cell, Row, Study, Variant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anml_fl.run.reading import StrategyRun
    from studies.crowd.answers import Answers

_STRATEGIES = ("fedavg", "q_only", "anml", "softmax_blend", "multiplicative")


class CrowdFederation(Settings):
    """How the annotators' federation trains."""

    rounds: int = Field(6, ge=1, le=1000, description="Rounds of training.")
    local_epochs: int = Field(4, ge=1, le=1000, description="Passes over own answers a round.")
    batch_size: int = Field(16, ge=1, le=10_000, description="Answers a step.")
    learning_rate: float = Field(0.2, gt=0, le=10, description="Of SGD.")
    fraction: float = Field(0.7, gt=0, le=1, description="Share of annotators selected.")
    gold: int = Field(5, ge=1, le=1000, description="Answers checked of each annotator.")


def variants(dataset: str) -> tuple[Variant, ...]:
    """List the federation with selection, and without."""
    return (
        Variant("fraction=0.7", CrowdFederation(), _STRATEGIES),
        Variant("fraction=1", CrowdFederation(fraction=1.0), ("anml", "softmax_blend")),
    )


def run(cell: Cell) -> list[Row]:
    """Train, test, and compare q and weights, means over rounds, with true accuracy.

    Returns
    -------
    list of Row
        `error`; `spearman_q`, `spearman_r` and `spearman_weight` over annotators with 20
        answers or more, and `unchecked_...` with accuracy on what is not gold;
        `selected_small`, how often one with 10 answers or fewer is selected.
    """
    rows: list[Row] = []
    for variant in cell.variants:
        for trial in cell.trials:
            rows += _federation(cell, variant, trial)
    return rows


def _federation(cell: Cell, variant: Variant, trial: int) -> Iterator[Row]:
    settings, seed = variant.recipe, cell.seed + trial
    answers = gather(cell.dataset, settings.gold, seed)
    done = federate(
        dataset=cell.dataset,
        partition="natural",
        contributors=answers.annotators,
        behaviours=f"honest={answers.annotators}",
        scenario="unknown",
        strategies=",".join(variant.methods),
        seed=seed,
        **settings.model_dump(),
    )
    for one in done.run.strategies:
        yield cell.row(variant, one.name, "error", done.error(one.name), trial)
        for metric, value in _ranks(one, answers).items():
            yield cell.row(variant, one.name, metric, value, trial)


def _ranks(one: StrategyRun, answers: Answers) -> dict[str, float]:
    # By stable identity in every round, and annotators are numbered in that order.
    people = [record.contributors for record in one.records]
    q, r, weight, selected = (
        np.array([[getattr(person, name) for person in row] for row in people], dtype=float)
        for name in ("q", "r", "weight", "selected")
    )
    few = answers.counts <= FEW
    ranks = {
        f"{metric}_{name}": rank_correlation(values.mean(axis=0), accuracy, answers.measured)
        for metric, accuracy in (
            ("spearman", answers.accuracy),
            ("unchecked", answers.unchecked_accuracy),
        )
        for name, values in (("q", q), ("r", r), ("weight", weight))
    }
    return {**ranks, "selected_small": float(selected[:, few].mean())}


STUDY = Study(
    name="annotators-federation",
    title="59 real annotators as a federation",
    source="absent from the paper",
    trials={"labelme": 5},
    variants=variants,
    run=run,
    block={"labelme": 1},
    quick={"rounds": 1},
)
