"""The annotators as a federation: each trains the encoder on its own answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from anml_fl.datasets.loading import load
from anml_fl.models.state import error_rate
from studies.crowd.answers import gather
from studies.crowd.measures import rank_correlation
from studies.federations.run import federate
from studies.text.networks import Network
from studies.text.recipe import NetworkRecipe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from anml_fl.run.reading import Run, StrategyRun
    from studies.crowd.answers import Answers
    from studies.study import Cell, Row, Variant
    from studies.text.recipe import FederationRecipe


POOLED = "pooled"
"""The same encoder, trained by Adam on everybody's answers in one place."""

_PASSES = 2


def federation_rows(cell: Cell, variant: Variant, trial: int) -> Iterator[Row]:
    """Train, test, and compare q and weights, means over rounds, with true accuracy.

    Parameters
    ----------
    cell : Cell
    variant : Variant
        Its recipe is a `FederationRecipe`, its methods are strategies, or `POOLED`. Without
        attackers r is earned on checked answers; with them, v and r are as the paper's
        moderate scenario draws them.
    trial : int

    Yields
    ------
    Row
        `error`; `spearman_q` and `spearman_weight` over the honest with 20 answers or more;
        with attackers `attackers_weight`, their share of the model, `attackers_kept` and
        `honest_kept`.
    """
    recipe: FederationRecipe = variant.recipe
    answers = gather(cell.dataset, 1, cell.seed + trial)
    strategies = [method for method in variant.methods if method != POOLED]
    bad = round(recipe.attackers * answers.annotators)
    honest = f"honest={answers.annotators - bad}"
    done = federate(
        dataset=cell.dataset,
        model="transformer",
        partition="natural",
        contributors=answers.annotators,
        behaviours=f"{honest},label_flip={bad}" if bad else honest,
        scenario="moderate" if bad else "unknown",
        strategies=",".join(strategies),
        seed=cell.seed + trial,
        server_optimizer="fedadam",
        server_tau=1e-6,
        **recipe.model_dump(exclude={"in_trials", "attackers"}),
    )
    if POOLED in variant.methods:
        error = pooled_error(cell.dataset, answers, cell.seed + trial)
        yield cell.row(variant, POOLED, "error", error, trial)
    for one in done.run.strategies:
        yield cell.row(variant, one.name, "error", done.error(one.name), trial)
        for metric, value in measured(done.run, one, answers):
            yield cell.row(variant, one.name, metric, value, trial)


def pooled_error(dataset: str, answers: Answers, seed: int) -> float:
    """Test an encoder that has seen all answers, each twice, in batches of 64."""
    recipe = NetworkRecipe()
    network = Network(
        recipe.model,
        answers.features.shape[1],
        answers.test.classes,
        None,
        load(dataset).vocabulary,
        recipe.learning_rate,
        recipe.batch_size,
    )
    steps = network.steps(answers.labels.size, _PASSES)
    model = network.train(answers.features, answers.labels, seed, (steps,))[steps]
    return error_rate(model, answers.test.features, answers.test.labels)


def measured(run: Run, one: StrategyRun, answers: Answers) -> Iterator[tuple[str, float]]:
    """Hold a strategy's q and weights against accuracy, and against who attacks.

    Parameters
    ----------
    run : Run
        Of the strategy; its contributors are the annotators, in their order.
    one : StrategyRun
    answers : Answers
        Of all of them.

    Yields
    ------
    str, float
        Metric and value, as in `federation_rows`.
    """
    attacker = np.array([run.attacks(p.contributor) for p in one.records[0].contributors])
    among = answers.measured & ~attacker
    q, weight, kept = (_mean(one, name) for name in ("q", "weight", "selected"))
    yield "spearman_q", rank_correlation(q, answers.accuracy, among)
    yield "spearman_weight", rank_correlation(weight, answers.accuracy, among)
    if attacker.any():
        yield "attackers_weight", float(weight[attacker].sum())
        yield "attackers_kept", float(kept[attacker].mean())
        yield "honest_kept", float(kept[~attacker].mean())


def _mean(one: StrategyRun, name: str) -> NDArray[np.float64]:
    """Mean over rounds of what records say of each contributor."""
    rounds = [[float(getattr(p, name)) for p in record.contributors] for record in one.records]
    mean: NDArray[np.float64] = np.array(rounds, dtype=np.float64).mean(axis=0)
    return mean
