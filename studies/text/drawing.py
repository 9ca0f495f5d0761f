"""One trial's data for a network: sentences or images, a share of whose labels is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.behaviours.label_flip import flipped
from anml_fl.datasets.holdout import split
from anml_fl.datasets.loading import load
from anml_fl.datasets.prepare import Samples
from anml_fl.seeding import stream
from anml_fl.settings.attacks import Attacks
from studies.contributors.pooling import pooled
from studies.sample.drawing import Drawn
from studies.text.networks import Network

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anml_fl.datasets.table import Table
    from studies.text.recipe import NetworkRecipe

# What the paper's data can have beside flipped labels.
_PLAIN = {
    "attack": "flip",
    "groups": False,
    "group_noise": False,
    "drift": "none",
    "train_fraction": 1.0,
}


@dataclass(frozen=True, slots=True)
class DrawnForNetwork:
    """A trial's data, and the network that learns from them.

    Parameters
    ----------
    samples : Drawn
    network : Network
    """

    samples: Drawn
    network: Network


def draw(dataset: str, recipe: NetworkRecipe, seed: int, trial: int) -> DrawnForNetwork:
    """Draw a trial: the same samples, test and attackers whatever the model is.

    Parameters
    ----------
    dataset : str
        Of texts or images. Where several people answered about an item it is drawn once,
        with its true label; rows that are given for testing are the test.
    recipe : NetworkRecipe
        `beta` of the labels become a uniformly random wrong one.
    seed, trial : int

    Raises
    ------
    ValueError
        If the data set is unknown, or not of what the model takes, or the recipe asks for an
        attack, groups or a drift that there are for the paper's data alone.
    OSError
        If the data cannot be had.
    """

    def rng(purpose: str) -> np.random.Generator:
        return stream(seed, "network study", dataset, trial, purpose)

    for name, only in _PLAIN.items():
        if getattr(recipe, name) != only:
            raise ValueError(
                f"{name} must be {only!r} where networks are trained, got"
                f" {getattr(recipe, name)!r}"
            )
    table = load(dataset)
    labels = table.labels if table.truth is None else table.truth
    train, test = _parts(table, labels, rng("split"))
    chosen = np.sort(rng("samples").permutation(train)[: recipe.samples])
    tested = np.sort(rng("tested").permutation(test)[: recipe.tested])
    attacker = np.zeros(chosen.size, dtype=bool)
    share = round(recipe.beta * chosen.size)
    attacker[rng("attackers").permutation(chosen.size)[:share]] = True
    features, image, vocabulary = _seen(
        table, np.concatenate([chosen, tested]), recipe.model, recipe.pool
    )
    honest = Samples(features[: chosen.size], labels[chosen], table.classes)
    who = np.flatnonzero(attacker)
    given = honest.labels.copy()
    given[who] = flipped(honest.take(who), rng("corruption"), Attacks()).labels
    samples = Drawn(
        features=honest.features,
        targets=given,
        bad=attacker,
        attacker=attacker,
        age=rng("age").uniform(0.0, recipe.max_age, chosen.size),
        group=np.full(chosen.size, -1),
        test_features=features[chosen.size :],
        test_targets=labels[tested],
        outputs=table.classes,
    )
    network = Network(
        recipe.model,
        features.shape[1],
        table.classes,
        image,
        vocabulary,
        recipe.learning_rate,
        recipe.batch_size,
    )
    return DrawnForNetwork(samples, network)


def word_counts(rows: NDArray[np.float64], vocabulary: int) -> NDArray[np.float32]:
    """Count how often each token is in a row of tokens; padding, 0, is none.

    Returns
    -------
    (n, vocabulary) float32

    Examples
    --------
    >>> word_counts(np.array([[2.0, 2.0, 1.0, 0.0]]), 4)
    array([[0., 1., 2., 0.]], dtype=float32)
    """
    counts = np.zeros((len(rows), vocabulary), dtype=np.float32)
    np.add.at(counts, (np.arange(len(rows))[:, None], rows.astype(np.int64)), 1.0)
    counts[:, 0] = 0.0
    return counts


def _parts(
    table: Table, labels: NDArray[np.int64], rng: np.random.Generator
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows to train on, an item once, and rows to test on."""
    if table.holder is None or table.items is None or (table.holder >= 0).all():
        train, test = split(labels, rng)
        return train, test
    answered = np.flatnonzero(table.holder >= 0)
    _, first = np.unique(table.items[answered], return_index=True)
    return answered[first], np.flatnonzero(table.holder < 0)


def _seen(
    table: Table, rows: NDArray[np.intp], model: str, pool: int
) -> tuple[NDArray[np.float32], tuple[int, int, int] | None, int]:
    """What a model sees of rows, the shape of an image, and how many tokens there are."""
    if table.vocabulary and model == "mlp":
        return word_counts(table.features[rows], table.vocabulary), None, 0
    features = table.features[rows].astype(np.float32)
    if table.image is None:
        return features, None, table.vocabulary
    small, image = pooled(features, table.image, pool)
    return small, image, 0
