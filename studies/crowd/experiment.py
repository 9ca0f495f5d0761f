"""A cell of trials on annotators: check, score, weigh, train, test."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from anml_fl.seeding import stream
from studies.crowd.answers import gather
from studies.crowd.classifiers import logistic_error, mlp_error
from studies.crowd.consensus import crowdlab, dawid_skene
from studies.crowd.measures import Scored, coverage_rows, group_rows, signal_rows
from studies.crowd.scores import fitted_scores, out_of_fold_probabilities
from studies.crowd.training_labels import TrainingLabels
from studies.crowd.weighing import SCORES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from studies.crowd.consensus import Consensus
    from studies.crowd.settings import CrowdSettings
    from studies.study import Cell, Row, Variant

CERTAIN = (
    "truth", "majority_vote", "answers", "dawid_skene", "dawid_skene/top"
)  # fmt: skip
"""Labels without chance: a logistic regression learns the same from them in every trial."""

NETWORK = (
    "truth", "gold", "majority_vote", "answers", "dawid_skene", "crowdlab",
    "two_stage@krum", "two_stage@out_of_fold",
)  # fmt: skip
"""Labels that an MLP is trained on as well, which takes longer."""

_LOGISTIC, _MLP = "classifier=logistic", "classifier=mlp"


def run(cell: Cell) -> list[Row]:
    """Work a cell out: signals and weights, then what is learned from the labels.

    Parameters
    ----------
    cell : Cell
        A variant's methods name what is trained on; without any, it stops at the weights.

    Returns
    -------
    list of Row
        As in `measures`; `right`, the share of true labels in what is trained on; `error` of
        either classifier.
    """
    rows: list[Row] = []
    skilled = dawid_skene(gather(cell.dataset, 1, cell.seed))
    certain: dict[str, float] = {}
    for trial in cell.trials:
        scored: dict[tuple[object, ...], Scored] = {}
        for variant in cell.variants:
            settings = variant.recipe
            key = settings.data_key()
            if key not in scored:
                scored[key] = _scored(cell, settings, trial, skilled)
            one = scored[key]
            weighed = one.weighed(settings)
            rows += signal_rows(cell, variant, trial, one, weighed)
            if not variant.methods:
                continue
            rows += coverage_rows(cell, variant, trial, one)
            rows += group_rows(cell, variant, trial, one, weighed)
            training = TrainingLabels(
                one.answers,
                {name: one.scores[name] for name in SCORES},
                {name: found.weights for name, found in weighed.items()},
                one.consensus,
                settings.fraction,
            )
            rows += _trained_rows(cell, variant, trial, training, certain)
    return rows


def _scored(cell: Cell, settings: CrowdSettings, trial: int, skilled: Consensus) -> Scored:
    # As a federation of this seed checks them.
    answers = gather(cell.dataset, settings.gold, cell.seed + trial)
    fit = stream(cell.seed, "annotators", trial, "fit")
    folds = stream(cell.seed, "annotators", trial, "folds")
    unseen = out_of_fold_probabilities(answers, settings, folds)
    scores = fitted_scores(answers, settings, fit)
    scores["out_of_fold"] = unseen[answers.items, answers.labels]
    return Scored(
        answers, scores, {"dawid_skene": skilled, "crowdlab": crowdlab(answers, unseen)}
    )


def _trained_rows(
    cell: Cell,
    variant: Variant,
    trial: int,
    training: TrainingLabels,
    certain: dict[str, float],
) -> Iterator[Row]:
    test = training.answers.test
    seed = int(stream(cell.seed, "annotators", trial, "final").integers(2**32))
    for method in variant.methods:
        labelled = training.of(method)
        yield cell.row(variant, method, "right", labelled.right, trial)
        error = certain.get(method)
        if error is None:
            error = logistic_error(labelled, test)
        if method in CERTAIN:
            certain[method] = error
        logistic = replace(variant, condition=f"{variant.condition};{_LOGISTIC}")
        yield cell.row(logistic, method, "error", error, trial)
        if method not in NETWORK:
            continue
        mlp = replace(variant, condition=f"{variant.condition};{_MLP}")
        trained = mlp_error(labelled, test, variant.recipe, seed)
        yield cell.row(mlp, method, "error", trained, trial)
