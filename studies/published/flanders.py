"""FLANDERS' table: a hundred clients, of which a fifth or three fifths attack.

Gabrielli, Belli, Matrullo, Miori, Tolomei: Protecting federated learning from extreme model
poisoning attacks via multidimensional time series anomaly detection, 2023 (arXiv 2303.16668),
and its Flower baseline `flanders`: MNIST, Dirichlet .5, a perceptron by Adam, 50 rounds of all
clients. Who attacks is drawn anew in each round, after two rounds in which nobody does; a
figure of its table is the best accuracy of the rounds after these.
"""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field
from torch import nn

from anml_fl.datasets.prepare import Samples
from anml_fl.models.build import build
from anml_fl.models.state import arrays_of, load_arrays
from anml_fl.seeding import stream
from anml_fl.settings.training import Training
from clients.cohort_training import Held, train_cohort
from studies.published.distributed_sgd import accuracy
from studies.published.flanders_attacks import attacked
from studies.published.flanders_rules import rule_of
from studies.published.small_mnist import DEVIATION, MEAN, digits
from studies.settings import Settings
from studies.study import Cell, Row, Study, Variant

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from studies.published.small_mnist import Digits

ATTACKS = ("gaussian", "alie", "fang_krum", "min_max")
_CLIENTS, _FEW, _MOST = 100, 20, 60
_QUIET = 2
# One epoch in theirs, of 480 images: three of 160 are as many steps.
_TRAINING = Training(optimizer="adam", learning_rate=0.001, local_epochs=3, batch_size=32)


class Flanders(Settings):
    """What the table varies."""

    attack: str = Field("gaussian", description="What attackers send.")
    hostile: int = Field(_FEW, ge=0, lt=100, description="Clients that attack, of a hundred.")
    rounds: int = Field(50, ge=1, le=10_000, description="Rounds of training.")


def variants(dataset: str) -> tuple[Variant, ...]:
    """List four attacks by few and by most, and nobody's.

    Bulyan and the trimmed mean bear few alone.
    """
    rules = {
        _FEW: ("fedavg", "flanders", "multikrum", "bulyan", "trimmed_mean"),
        _MOST: ("fedavg", "flanders", "multikrum"),
    }
    nobody = Variant("attack=nobody;hostile=0", Flanders(hostile=0), ("fedavg",))
    rest = tuple(
        Variant(
            f"attack={attack};hostile={hostile}",
            Flanders(attack=attack, hostile=hostile),
            chosen,
        )
        for hostile, chosen in rules.items()
        for attack in ATTACKS
    )
    return (nobody, *rest)


def run(cell: Cell) -> list[Row]:
    """Train under each rule; `accuracy` on the test digits is that of the best round."""
    found = []
    for trial in cell.trials:
        seed = cell.seed + trial
        data = digits(seed)
        found += [
            cell.row(v, rule, "accuracy", trained(v.recipe, rule, data, seed), trial)
            for v in cell.variants
            for rule in v.methods
        ]
    return found


def network(features: int, classes: int) -> nn.Module:
    """Build the baseline's perceptron, with one hidden layer of 128."""
    return nn.Sequential(nn.Linear(features, 128), nn.ReLU(), nn.Linear(128, classes))


def trained(recipe: Flanders, rule: str, data: Digits, seed: int) -> float:
    """Train one model, and tell its best accuracy after the rounds in which nobody attacks.

    Parameters
    ----------
    recipe : Flanders
    rule : str
        As `flanders_rules.rule_of` has them.
    data : Digits
    seed : int

    Returns
    -------
    float
        In [0, 1].
    """
    rows = Samples(2 * _pixels(data.features) - 1, data.labels, 10)
    dealt = dealt_by_client(data.labels, _CLIENTS, 0.5, stream(seed, "parts"))
    parts = [rows.take(part) for part in dealt]
    model = build(f"{__name__}:network", data.features.shape[1], None, 10, seed)
    layout = {name: one.shape for name, one in arrays_of(model).items()}
    ends = [0, *accumulate(int(np.prod(shape)) for shape in layout.values())]
    blocks = [slice(first, last) for first, last in pairwise(ends)]
    aggregate = rule_of(rule, [*map(len, dealt)], recipe.hostile, stream(seed, "places"))
    drawn, noise, held = stream(seed, "hostile"), stream(seed, "noise"), Held()
    # The baseline trains on [-1, 1] and tests on [0, 1]: its accuracy is of these.
    tested = _pixels(data.test_features)
    start, found = None, []
    for number in range(1, recipe.rounds + 1):
        orders = [stream(seed, "order", str(number), str(i)) for i in range(_CLIENTS)]
        arrays = train_cohort(model, parts, _TRAINING, orders, held)
        sent: NDArray[np.float32] = np.concatenate(
            [arrays[name].reshape(_CLIENTS, -1) for name in layout], axis=1
        )
        start = sent[0].copy() if start is None else start
        hostile = np.zeros(_CLIENTS, dtype=bool)
        if number > _QUIET and recipe.hostile:
            hostile[drawn.choice(_CLIENTS, recipe.hostile, replace=False)] = True
            sent = attacked(recipe.attack, sent, hostile, start, blocks, noise)
        whole = np.asarray(aggregate(sent), np.float32)
        load_arrays(
            model,
            {n: whole[b].reshape(layout[n]) for n, b in zip(layout, blocks, strict=True)},
        )
        found.append(accuracy(model, tested, data.test_labels))
    return max(found[min(_QUIET, recipe.rounds - 1) :])


def dealt_by_client(
    labels: NDArray[np.int64], clients: int, alpha: float, rng: np.random.Generator
) -> list[NDArray[np.intp]]:
    """Deal out parts of one size, each of classes by shares drawn from Dirichlet(alpha).

    Parameters
    ----------
    labels : (n,) int64
    clients : int
        At most n: a remainder is left out.
    alpha : float
        > 0.
    rng : numpy.random.Generator

    Returns
    -------
    list of (n // clients,) int arrays
        A client whose classes are all dealt out takes of what is left as it comes.

    Examples
    --------
    >>> parts = dealt_by_client(np.arange(60) % 3, 4, 0.5, np.random.default_rng(0))
    >>> [len(part) for part in parts], len(np.unique(np.concatenate(parts)))
    ([15, 15, 15, 15], 60)
    """
    classes = np.unique(labels)
    left = [list(rng.permutation(np.flatnonzero(labels == label))) for label in classes]
    parts = []
    for _ in range(clients):
        shares = rng.dirichlet(np.full(len(classes), alpha))
        part = []
        for _ in range(len(labels) // clients):
            there = np.array([len(one) for one in left], dtype=np.float64)
            chances = shares * (there > 0)
            if not chances.sum():
                chances = there
            part.append(left[rng.choice(len(left), p=chances / chances.sum())].pop())
        parts.append(np.array(part, dtype=np.intp))
    return parts


def _pixels(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn what is standardised into [0, 1] again."""
    found: NDArray[np.float32] = (features * DEVIATION + MEAN).astype(np.float32)
    return found


STUDY = Study(
    name="flanders",
    title="A hundred clients, twenty or sixty of whom attack",
    source="FLANDERS, Flower's baseline",
    trials={"mnist_writers": 3},
    variants=variants,
    run=run,
    block={"mnist_writers": 1},
    cost=1100.0,
    quick={"rounds": 3},
)
