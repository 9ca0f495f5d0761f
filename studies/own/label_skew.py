"""A federation whose honest contributors differ: there Krum's score turns around.

The published method is for contributors with similar data; this shows what happens without.
"""

from __future__ import annotations

import numpy as np
from sklearn.metrics import roc_auc_score

from anml_fl.behaviour import is_honest
from studies.federations.run import federate
from studies.sample.recipe import Recipe
from studies.study import Cell, Row, Study, Variant

_STRATEGIES = ("fedavg", "krum", "anml", "oracle")
_PARTITIONS = {"iid": "iid", "dirichlet=0.3": "dirichlet:0.3"}
_ROUNDS = 20


def variants(dataset: str) -> tuple[Variant, ...]:
    """List how the data are dealt out; of the recipe, nothing counts but the gate."""
    return tuple(Variant(name, Recipe(), _STRATEGIES) for name in _PARTITIONS)


def run(cell: Cell) -> list[Row]:
    """Train twenty short rounds; `auc` says how well q tells the good, over all rounds."""
    rows = []
    for variant in cell.variants:
        for trial in cell.trials:
            errors, auc = _federation(cell, variant, trial)
            rows += [
                cell.row(variant, name, "error", error, trial)
                for name, error in errors.items()
            ]
            rows.append(cell.row(variant, "krum", "auc", auc, trial))
    return rows


def _federation(cell: Cell, variant: Variant, trial: int) -> tuple[dict[str, float], float]:
    gate = variant.recipe
    done = federate(
        dataset=cell.dataset,
        partition=_PARTITIONS[variant.condition.split(";")[0]],
        behaviours="label_flip=3",
        rounds=_ROUNDS,
        local_epochs=2,
        strategies=",".join(variant.methods),
        seed=cell.seed + trial,
        tau_h=gate.tau_h,
        tau_c=gate.tau_c,
        tau=gate.tau,
        alpha=gate.alpha,
        fraction=gate.fraction,
    ).run
    behaviours = done.summary.contributors
    # As the strategies' own records have it.
    errors = {one.name: one.records[-1].test_error for one in done.strategies}
    people = [
        person
        for one in done.strategies
        if one.name == "anml"
        for record in one.records
        for person in record.contributors
        if np.isfinite(person.q)
    ]
    honest = [is_honest(behaviours[person.contributor]) for person in people]
    return errors, float(roc_auc_score(honest, [person.q for person in people]))


STUDY = Study(
    name="label-skew",
    title="Krum in a federation with skewed labels",
    source="absent from the paper",
    trials={"digits": 5},
    variants=variants,
    run=run,
    block={"digits": 1},
)
