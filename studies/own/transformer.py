"""A Transformer encoder and a CNN in the place of the MLP, which the paper leaves open.

Sentences about films whose polarity 203 real people judged (Rodrigues, Pereira, Ribeiro 2013),
and Fashion-MNIST. `level=sample` is Table 7's experiment on true labels, a share of which is
flipped; `mlp` beside it is the paper's model on the same samples and the same flips, given how
often each word is there. `level=approximations` holds what approximates q against exact
scores. `level=annotators` weighs the people by their single answers, as `annotators` does;
`level=federation` has each of them as a contributor. There r is earned on checked answers,
or, where some attack, drawn as in section 5.1.3.

Training is by Adam in minibatches; in the federation contributors step by SGD and the server
by FedAdam (Reddi et al. 2021). A word that few of them have moves in few updates: their mean
hardly moves its embedding, and adaptive steps at the server make up for that. Samples,
sentences, rounds and trials are as many as a quarter of an hour of one core takes.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from studies.own.approximations import scorer
from studies.paper.table_7 import METHODS
from studies.sample import experiment
from studies.study import Study, Variant
from studies.text.crowd import crowd_rows
from studies.text.federation import POOLED, federation_rows
from studies.text.fitted import FittedNetworks
from studies.text.recipe import (
    ApproximationRecipe,
    CrowdRecipe,
    FederationRecipe,
    NetworkRecipe,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from studies.study import Cell, Row

    Rows = Callable[[Cell, Variant, int], Iterator[Row]]

LESSONS = (
    "truth",
    "majority_vote",
    "answers",
    "two_stage@krum",
    "two_stage@out_of_fold",
    "two_stage@out_of_fold/vote",
    "dawid_skene",
    "crowdlab",
)
"""What an encoder is taught; `crowd.training_labels.TrainingLabels` has the names."""

_STRATEGIES = ("fedavg", "anml", "softmax_blend")
_CLOTHES = NetworkRecipe(
    model="cnn", samples=1000, tested=2000, pool=2, fit=4, epochs=8, learning_rate=0.003
)
_NEAR = ("exact", "landmarks;m=100", "minibatch;b=128", "projection;d=64", "projection;d=256")


def variants(dataset: str) -> tuple[Variant, ...]:
    """List the levels, each with the encoder or the CNN, and the first with an MLP too."""
    network = _CLOTHES if dataset == "fashion_mnist" else NetworkRecipe()
    sample = [
        Variant(f"level=sample;model={model};beta=0.30", network.changed(model=model), METHODS)
        for model in (network.model, "mlp")
    ]
    if dataset == "fashion_mnist":
        return tuple(sample)
    near = ApproximationRecipe()
    return (
        *sample,
        Variant("level=approximations;k=n-f-2", near, (*_NEAR, "checkpoints;c=3")),
        Variant(
            "level=approximations;k=20",
            near.changed(neighbours=20),
            (*_NEAR, "neighbours;cells=8"),
        ),
        Variant("level=annotators", CrowdRecipe(), LESSONS),
        Variant(
            "level=federation;attackers=0%", FederationRecipe(), (POOLED, *_STRATEGIES[:2])
        ),
        Variant(
            "level=federation;attackers=30%",
            FederationRecipe(in_trials=(1,), attackers=0.3, gold=0),
            _STRATEGIES,
        ),
    )


def run(cell: Cell) -> list[Row]:
    """Work a cell out.

    Returns
    -------
    list of Row
        Of the sample level as `sample.experiment.run` lists them; of the others as their
        modules in `studies.text` do.
    """
    rows: list[Row] = []
    for variant in cell.variants:
        if type(variant.recipe) is NetworkRecipe:
            fitted = FittedNetworks.of(cell, [variant])
            rows += experiment.compared(cell, [variant], fitted)
            continue
        worked = _LEVELS[type(variant.recipe)]
        for trial in cell.trials:
            if trial in variant.recipe.in_trials:
                rows += worked(cell, variant, trial)
    return rows


def approximation_rows(cell: Cell, variant: Variant, trial: int) -> Iterator[Row]:
    """Score a trial's samples by every approximation.

    Parameters
    ----------
    cell : Cell
    variant : Variant
        Its methods as for `approximations.scorer`, `exact` first.
    trial : int

    Yields
    ------
    Row
        `seconds` of processor time of the scoring alone, `spearman` with the exact scores,
        and `auc` of 1 - q for bad labels.
    """
    recipe: ApproximationRecipe = variant.recipe
    lengths = tuple(range(1, recipe.fit + 1))
    fitted = FittedNetworks(cell.dataset, cell.seed, recipe, (trial,), lengths)
    fits = [fitted.gradients(0, length) for length in lengths]
    bad = fitted.drawn[0].bad
    k = recipe.neighbours or bad.size - round(recipe.beta * bad.size) - 2
    few = [one.take(np.arange(min(64, bad.size))) for one in fits]
    exact = np.empty(0)
    for method in variant.methods:
        score = scorer(method, k, cell.seed, trial)
        score(few)  # loads what a first call has to
        began = time.process_time()
        scores = score(fits)
        seconds = time.process_time() - began
        exact = scores if method == "exact" else exact
        yield cell.row(variant, method, "seconds", seconds, trial)
        rank = float(spearmanr(scores, exact).statistic)
        yield cell.row(variant, method, "spearman", rank, trial)
        yield cell.row(variant, method, "auc", float(roc_auc_score(bad, scores)), trial)


_LEVELS: dict[type, Rows] = {
    ApproximationRecipe: approximation_rows,
    CrowdRecipe: crowd_rows,
    FederationRecipe: federation_rows,
}

STUDY = Study(
    name="transformer",
    title="A Transformer encoder on a crowd's sentences, and a CNN on pictures",
    source="section 7.2, left to future work",
    trials={"sentiment": 5, "fashion_mnist": 5},
    variants=variants,
    run=run,
    block={"sentiment": 1, "fashion_mnist": 1},
    cost=100.0,
    quick={"samples": 60, "tested": 60, "fit": 1, "epochs": 1},
)
