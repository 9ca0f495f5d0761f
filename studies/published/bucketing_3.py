"""Bucketing's experiment 3: four rules under five attacks, without and with buckets of two.

Karimireddy, He, Jaggi: Byzantine-robust learning on heterogeneous datasets via bucketing, ICLR
2022. 25 workers, 5 of them hostile; the honest hold digits sorted by label, the hostile ones a
mixture; 600 steps of a batch of 32 each, honest workers with momentum. The published figures
are the last accuracies in the authors' raw logs, by seed.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from anml_fl.behaviours.alie import deviations, little_below
from anml_fl.behaviours.ipm import against_mean
from anml_fl.behaviours.mimic import most_extreme
from anml_fl.method.blockwise_krum import scores_of_distances
from anml_fl.method.robust.bucketing import bucket_means, bucketing
from anml_fl.models.build import build
from anml_fl.seeding import stream
from studies.published.by_distances import clipped, squared, weiszfeld
from studies.published.distributed_sgd import Descent, Workers, accuracy, descend
from studies.published.small_mnist import NETWORK, SIDE, Digits, digits
from studies.settings import Settings
from studies.study import Cell, Row, Study, Variant

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Gradients = NDArray[np.float32]

Attack = Literal["nobody", "LF", "BF", "IPM", "ALIE", "mimic"]
ATTACKS: tuple[Attack, ...] = ("LF", "BF", "IPM", "ALIE", "mimic")
RULES = ("krum", "median", "geometric_median", "centred_clipping")

_WORKERS, _HOSTILE, _BATCH = 25, 5, 32
# Theirs is .01, of a convolutional network: with this one the perceptron learns as much in as
# many steps while nobody attacks, which alone it was chosen by.
_RATE = 0.1
_EPSILON, _RADIUS, _CLIPPINGS = 0.1, 10.0, 3
_WEISZFELD, _SMALLEST = 8, 0.1
# Theirs divides by one less than the number of the honest, `little_below` by the number.
_DEVIATIONS = (
    deviations(_WORKERS, _HOSTILE) * ((_WORKERS - _HOSTILE) / (_WORKERS - _HOSTILE - 1)) ** 0.5
)


class Bucketing(Settings):
    """What experiment 3 varies."""

    attack: Attack = Field("nobody", description="What the hostile workers do.")
    momentum: float = Field(0.0, ge=0, lt=1, description="beta of the honest workers.")
    size: int = Field(1, ge=1, le=25, description="s, workers a bucket; 1 without.")
    steps: int = Field(600, ge=1, le=10_000, description="Batches of each worker.")


def variants(dataset: str) -> tuple[Variant, ...]:
    """List the twenty places of the experiment, and two in which nobody attacks."""
    attacked = [
        Variant(
            f"attack={attack};momentum={momentum:g};s={size}",
            Bucketing(attack=attack, momentum=momentum, size=size),
            RULES,
        )
        for attack in ATTACKS
        for momentum in (0.0, 0.9)
        for size in (1, 2)
    ]
    nobody = [
        Variant(f"attack=nobody;momentum={m:g};s=1", Bucketing(momentum=m), ("mean",))
        for m in (0.0, 0.9)
    ]
    return (*nobody, *attacked)


def run(cell: Cell) -> list[Row]:
    """Train by each rule; `accuracy` on the test digits after the last step."""
    rows = []
    for trial in cell.trials:
        seed = cell.seed + trial
        data = digits(seed)
        for variant in cell.variants:
            for rule in variant.methods:
                value = trained(variant.recipe, rule, data, seed)
                rows.append(cell.row(variant, rule, "accuracy", value, trial))
    return rows


def trained(recipe: Bucketing, rule: str, data: Digits, seed: int) -> float:
    """Train one model, and test it.

    Parameters
    ----------
    recipe : Bucketing
    rule : str
        Of `RULES`, or "mean".
    data : Digits
    seed : int

    Returns
    -------
    float
        Accuracy in [0, 1].
    """
    workers = _workers(data, recipe.attack, seed)
    model = build(NETWORK, SIDE * SIDE, None, 10, seed)
    descend(
        model,
        workers,
        Descent(recipe.steps, _RATE, _BATCH, recipe.momentum),
        craft=_Attacker(recipe.attack),
        aggregate=_Aggregator(rule, recipe, seed),
        seed=seed,
    )
    return accuracy(model, data.test_features, data.test_labels)


@lru_cache(maxsize=2)
def _workers(data: Digits, attack: Attack, seed: int) -> Workers:
    honest = _WORKERS - _HOSTILE
    mixed = stream(seed, "mixture").permutation(len(data.labels))
    parts = np.array_split(np.argsort(data.labels, kind="stable"), honest)
    own = np.array_split(mixed, honest)[:_HOSTILE]
    if attack == "BF":
        return Workers(data.features, data.labels, [*parts, *own], _HOSTILE)
    if attack != "LF":  # the hostile learn nothing
        return Workers(data.features, data.labels, parts, 0)
    # Theirs alone: rows that the honest hold, too, are doubled for them.
    taken = np.concatenate(own)
    labels = np.concatenate([data.labels, 9 - data.labels[taken]])
    features = np.concatenate([data.features, data.features[taken]])
    flipped = np.array_split(len(data.labels) + np.arange(len(taken)), _HOSTILE)
    return Workers(features, labels, [*parts, *flipped], _HOSTILE)


class _Attacker:
    """Says what the hostile workers send; those that flip labels, their own gradients."""

    def __init__(self, attack: Attack) -> None:
        self._attack = attack
        self._copied = 0

    def __call__(self, honest: Gradients, own: Gradients, step: int) -> Gradients:
        if self._attack in ("nobody", "LF"):
            return own
        if self._attack == "BF":
            return -own
        if self._attack == "IPM":
            sent = against_mean(honest, _EPSILON)
        elif self._attack == "ALIE":
            sent = little_below(honest, _DEVIATIONS)
        else:
            if step == 0:  # and copied from then on, as theirs does without a longer warm-up
                self._copied = most_extreme(honest)
            sent = honest[self._copied]
        alike: Gradients = np.broadcast_to(sent, (_HOSTILE, len(sent)))
        return alike


class _Aggregator:
    """A rule, behind buckets, with what it keeps from step to step."""

    def __init__(self, rule: str, recipe: Bucketing, seed: int) -> None:
        self._rule: Callable[[Gradients], Gradients] = getattr(self, f"_{rule}")
        self._size, self._seed, self._step = recipe.size, seed, 0
        # Momentum is a sum and no mean: theirs lengthens the radius as much.
        self._radius = _RADIUS / (1 - recipe.momentum)
        self._centre: Gradients | None = None

    def __call__(self, sent: Gradients) -> Gradients:
        self._step += 1
        if self._size > 1:
            rng = stream(self._seed, "buckets", str(self._step))
            means = bucket_means(bucketing(len(sent), self._size, rng))
            sent = means.astype(np.float32) @ sent
        return self._rule(sent)

    def _mean(self, sent: Gradients) -> Gradients:
        found: Gradients = sent.mean(0)
        return found

    def _krum(self, sent: Gradients) -> Gradients:
        # Their code squares squared distances once more.
        scores = scores_of_distances(squared(sent) ** 2, n_byzantine=_HOSTILE)
        best: Gradients = sent[int(np.argmin(scores))]
        return best

    def _median(self, sent: Gradients) -> Gradients:
        # Sorted whole: numpy has no other way that is as fast along the first axis.
        found: Gradients = np.sort(sent, axis=0)[[(len(sent) - 1) // 2, len(sent) // 2]].mean(
            0
        )
        return found

    def _geometric_median(self, sent: Gradients) -> Gradients:
        points = np.concatenate([sent, np.zeros_like(sent[:1])])
        shares = weiszfeld(squared(points), steps=_WEISZFELD, nu=_SMALLEST)
        found: Gradients = shares.astype(np.float32) @ points
        return found

    def _centred_clipping(self, sent: Gradients) -> Gradients:
        centre = np.zeros_like(sent[0]) if self._centre is None else self._centre
        points = np.concatenate([sent, centre[None]])
        shares = clipped(squared(points), radius=self._radius, steps=_CLIPPINGS)
        self._centre = shares.astype(np.float32) @ points
        return self._centre


STUDY = Study(
    name="bucketing-3",
    title="Buckets before four rules, on digits sorted by label",
    source="Karimireddy, He, Jaggi 2022, experiment 3",
    trials={"mnist_writers": 3},
    variants=variants,
    run=run,
    block={"mnist_writers": 1},
    cost=300.0,
    quick={"steps": 5},
)
