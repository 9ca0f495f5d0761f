"""Annotators of sentences: scored by an encoder, weighed, and what their labels teach one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.datasets.loading import load
from anml_fl.method.gradients import sample_gradients
from anml_fl.method.krum import consistency
from anml_fl.models.state import error_rate, outputs_of
from anml_fl.seeding import stream
from studies.crowd.answers import Answers, gather
from studies.crowd.consensus import crowdlab, dawid_skene
from studies.crowd.measures import Scored, signal_rows
from studies.crowd.training_labels import TrainingLabels
from studies.crowd.weighing import SCORES
from studies.text.networks import Network
from studies.text.repeated import repeated_krum_scores

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from studies.study import Cell, Row, Variant
    from studies.text.recipe import CrowdRecipe

_FOLDS = 5


def crowd_rows(cell: Cell, variant: Variant, trial: int) -> Iterator[Row]:
    """Score answers, weigh annotators, and train on the labels that come of it.

    Parameters
    ----------
    cell : Cell
    variant : Variant
        Its recipe is a `CrowdRecipe`; its methods, as in `crowd.training_labels`, name what is
        trained on.
    trial : int

    Yields
    ------
    Row
        As `crowd.measures.signal_rows` has them; `right`, the share of true labels in what is
        trained on; `error` of an encoder.
    """
    recipe: CrowdRecipe = variant.recipe
    answers = some_answers(cell.dataset, recipe, cell.seed, trial)
    vocabulary = load(cell.dataset).vocabulary
    network = Network(
        "transformer",
        answers.features.shape[1],
        answers.test.classes,
        None,
        vocabulary,
        recipe.learning_rate,
        recipe.batch_size,
    )
    rng = stream(cell.seed, "network study", cell.dataset, trial, "crowd")
    start, folds, final = (int(one) for one in rng.integers(2**32, size=3))
    unseen = unseen_probabilities(network, answers, recipe.fit, folds)
    scores = fitted_scores(network, answers, recipe, start)
    scores["out_of_fold"] = unseen[answers.items, answers.labels]
    scored = Scored(
        answers,
        scores,
        {"dawid_skene": dawid_skene(answers), "crowdlab": crowdlab(answers, unseen)},
    )
    weighed = scored.weighed(variant.recipe)
    yield from signal_rows(cell, variant, trial, scored, weighed)
    training = TrainingLabels(
        answers,
        {name: scores[name] for name in SCORES},
        {name: found.weights for name, found in weighed.items()},
        scored.consensus,
        recipe.fraction,
    )
    for method in variant.methods:
        labelled = training.of(method)
        yield cell.row(variant, method, "right", labelled.right, trial)
        models = network.train(labelled.features, labelled.labels, final, (recipe.steps,))
        error = error_rate(models[recipe.steps], answers.test.features, answers.test.labels)
        yield cell.row(variant, method, "error", error, trial)


def some_answers(dataset: str, recipe: CrowdRecipe, seed: int, trial: int) -> Answers:
    """Take the answers about some sentences, drawn by trial; who gave none takes no part.

    Parameters
    ----------
    dataset : str
    recipe : CrowdRecipe
        `sentences`, and `gold`: so many of an annotator's answers about them are checked at
        most.
    seed, trial : int

    Returns
    -------
    Answers
        Sentences and annotators are numbered anew.
    """
    answers = gather(dataset, recipe.gold, seed + trial)
    rng = stream(seed, "network study", dataset, trial, "sentences")
    chosen = rng.permutation(answers.first.size)[: recipe.sentences]
    kept = np.isin(answers.items, chosen)
    people, holder = np.unique(answers.holder[kept], return_inverse=True)
    items = np.unique(answers.items[kept], return_inverse=True)[1]
    holder = holder.ravel().astype(np.int64)
    gold = np.zeros(holder.size, dtype=bool)
    for who, name in enumerate(people):
        own = np.flatnonzero(holder == who)
        own_rng = stream(seed, "network study", dataset, trial, "gold", int(name))
        gold[own_rng.permutation(own)[: recipe.gold]] = True
    return replace(
        answers,
        features=answers.features[kept],
        labels=answers.labels[kept],
        truth=answers.truth[kept],
        holder=holder,
        items=items.ravel().astype(np.int64),
        gold=gold,
        annotators=people.size,
    )


def fitted_scores(
    network: Network, answers: Answers, recipe: CrowdRecipe, start: int
) -> dict[str, NDArray[np.float64]]:
    """Score answers by an encoder that has seen them all: as `crowd.scores.fitted_scores`."""
    model = network.train(answers.features, answers.labels, start, (recipe.fit,))[recipe.fit]
    pairs = answers.items * answers.test.classes + answers.labels
    _, first, same, times = np.unique(
        pairs, return_index=True, return_inverse=True, return_counts=True
    )
    gradients = sample_gradients(model, answers.features[first], answers.labels[first])
    f = round(recipe.beta * pairs.size)
    same = same.ravel()
    krum = repeated_krum_scores(gradients, times.astype(np.int64), f)[same]
    losses = gradients.losses[same]
    return {
        "krum": consistency(krum),
        "loss": -losses,
        "probability": np.exp(-losses),
    }


def unseen_probabilities(
    network: Network, answers: Answers, steps: int, start: int
) -> NDArray[np.float64]:
    """Predict each sentence by an encoder that has seen no answer about it.

    Returns
    -------
    (sentences, classes) float64
    """
    sentences = answers.pictures
    fold = stream(start, "folds").permutation(len(sentences)) % _FOLDS
    probabilities = np.empty((len(sentences), answers.test.classes))
    for place in range(_FOLDS):
        seen = fold[answers.items] != place
        models = network.train(
            answers.features[seen], answers.labels[seen], start + place, (steps,)
        )
        logits = outputs_of(models[steps], sentences[fold == place])
        likely = np.exp(logits - logits.max(axis=1, keepdims=True))
        probabilities[fold == place] = likely / likely.sum(axis=1, keepdims=True)
    return probabilities
