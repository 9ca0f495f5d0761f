"""ByzFL's heat maps: how much skew and how many attackers clipping, NNM and a rule bear.

Gonzalez, Guerraoui, Pinot, Rizk, Stephan, Taiani: ByzFL: research framework for robust
federated learning, 2025 (arXiv 2505.24802), whose documentation shows them: ten honest workers
and f more, a share gamma of the data dealt out at random and the rest sorted by label; the
worst of sign flipping, and of ALIE and IPM whose factor is the most harmful one for the rule,
each at the best of its evaluations, as its code takes them (`evaluate_results.test_heatmap`).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from anml_fl.behaviours.alie import little_below
from anml_fl.behaviours.ipm import against_mean
from anml_fl.method.robust.nnm import nnm
from anml_fl.models.build import build
from anml_fl.seeding import stream
from studies.published.by_distances import between, weiszfeld
from studies.published.distributed_sgd import Descent, Workers, accuracy, descend
from studies.published.small_mnist import NETWORK, SIDE, Digits, digits
from studies.settings import Settings, Share
from studies.study import Cell, Row, Study, Variant

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Gradients = NDArray[np.float32]
    Rule = Callable[[Gradients], Gradients]

Attack = Literal["sign_flip", "alie", "ipm"]
ATTACKS: tuple[Attack, ...] = ("sign_flip", "alie", "ipm")
RULES = ("trimmed_mean", "geometric_median")

_HONEST, _BATCH, _MOMENTUM, _LARGEST = 10, 25, 0.9, 2.0
# Theirs is .1, of a CNN: with .5 the perceptron learns about as much in as many steps while
# nobody attacks, which alone it was chosen by.
_RATE = 0.5
_DECAY, _EVALUATED = 0.0001, 50
# ByzFL searches the factor in each step; the model moves slowly, and every twentieth must do.
_EVERY = 20
# Of its line search: how often it tries, how far it goes first, and how it slows down.
_TRIES, _FIRST, _SLOWER = 20, 10.0, 0.8
# As ByzFL's geometric median has them, unless it is told others.
_WEISZFELD, _SMALLEST = 3, 0.1


class Heatmap(Settings):
    """What the heat maps vary."""

    similarity: Share = Field(1.0, description="gamma, share of the data dealt at random.")
    hostile: int = Field(1, ge=0, le=9, description="Workers that attack, beside ten honest.")
    steps: int = Field(800, ge=1, le=10_000, description="Batches of each worker.")


def variants(dataset: str) -> tuple[Variant, ...]:
    """List sixteen places, four degrees of skew by one to four attackers, and nobody's."""
    nobody = Variant("similarity=1;hostile=0", Heatmap(hostile=0), ("mean",))
    attacked = tuple(
        Variant(
            f"similarity={similarity:g};hostile={hostile}",
            Heatmap(similarity=similarity, hostile=hostile),
            RULES,
        )
        for similarity in (1.0, 0.66, 0.33, 0.0)
        for hostile in (1, 2, 3, 4)
    )
    return (nobody, *attacked)


def run(cell: Cell) -> list[Row]:
    """Train under each attack; `accuracy` is the least of theirs."""
    rows = []
    for trial in cell.trials:
        seed = cell.seed + trial
        data = digits(seed)
        for variant in cell.variants:
            recipe: Heatmap = variant.recipe
            for rule in variant.methods:
                found = {
                    attack: trained(recipe, rule, attack, data, seed)
                    for attack in (ATTACKS if recipe.hostile else ATTACKS[:1])
                }
                rows.append(cell.row(variant, rule, "accuracy", min(found.values()), trial))
                rows += [
                    cell.row(variant, rule, f"accuracy_{attack}", value, trial)
                    for attack, value in found.items()
                    if recipe.hostile
                ]
    return rows


def trained(recipe: Heatmap, rule: str, attack: Attack, data: Digits, seed: int) -> float:
    """Train one model under an attack, and tell the best accuracy of its evaluations.

    Parameters
    ----------
    recipe : Heatmap
    rule : str
        Of `RULES`, or "mean".
    attack : Attack
    data : Digits
    seed : int

    Returns
    -------
    float
        In [0, 1].
    """
    parts = _dealt(data.labels, recipe.similarity, seed)
    aggregate = partial(_aggregated, rule, recipe.hostile)
    model = build(NETWORK, SIDE * SIDE, None, 10, seed)
    found: list[float] = []

    def evaluate(steps: int) -> None:
        if steps % _EVALUATED == 0 or steps == recipe.steps:
            found.append(accuracy(model, data.test_features, data.test_labels))

    descend(
        model,
        Workers(data.features, data.labels, parts, 0),
        Descent(recipe.steps, _RATE, _BATCH, _MOMENTUM, damping=_MOMENTUM, decay=_DECAY),
        craft=_Attacker(attack, recipe.hostile, aggregate),
        aggregate=aggregate,
        seed=seed,
        after=evaluate,
    )
    return max(found)


def _dealt(labels: NDArray[np.int64], similarity: float, seed: int) -> list[NDArray[np.int64]]:
    order = stream(seed, "similarity").permutation(len(labels))
    alike, rest = np.split(order, [round(similarity * len(order))])
    rest = rest[np.argsort(labels[rest], kind="stable")]
    dealt = zip(np.array_split(alike, _HONEST), np.array_split(rest, _HONEST), strict=True)
    return [np.concatenate(pair) for pair in dealt]


def _aggregated(rule: str, hostile: int, sent: Gradients) -> Gradients:
    """Clip to a length, mix with the nearest, and apply the rule; the mean is bare."""
    if rule == "mean":
        plain: Gradients = sent.mean(0)
        return plain
    products = (sent @ sent.T).astype(np.float64)
    mixing = _mixing(products, hostile)
    if rule == "trimmed_mean":
        ordered = np.sort(mixing.astype(np.float32) @ sent, axis=0)
        found: Gradients = ordered[hostile : len(sent) - hostile].mean(0)
        return found
    # Where it begins, at zero, is one more point.
    points = np.pad(mixing @ products @ mixing.T, (0, 1))
    shares = weiszfeld(between(points), steps=_WEISZFELD, nu=_SMALLEST)[:-1]
    middle: Gradients = (shares @ mixing).astype(np.float32) @ sent
    return middle


def _mixing(products: NDArray[np.float64], hostile: int) -> NDArray[np.float64]:
    """Say of which gradients, by which shares, each one is mixed once all are clipped."""
    lengths = np.sqrt(products.diagonal())
    kept = _LARGEST / np.maximum(lengths, _LARGEST)
    mixing: NDArray[np.float64] = nnm(between(products * np.outer(kept, kept)), hostile) * kept
    return mixing


def most_harmful(harm: Callable[[float], float]) -> float:
    """Search a line for the factor of the greatest harm, as ByzFL does.

    From 0 in steps that double while harm grows, then in steps that shrink.

    Parameters
    ----------
    harm : callable
        From a factor >= 0 to a number.

    Returns
    -------
    float
        The best of twenty.

    Examples
    --------
    >>> round(most_harmful(lambda factor: -((factor - 12.0) ** 2)), 1)
    13.4
    """
    best, most, step, growing = 0.0, harm(0.0), _FIRST, True
    for _ in range(_TRIES - 1):
        found = harm(best + step)
        better = found > most
        if better:
            best, most = best + step, found
        growing = growing and better
        step *= 2 if growing else _SLOWER
    return best


class _Attacker:
    """Sends the same from all hostile workers, by the factor that the rule bears worst."""

    def __init__(self, attack: Attack, hostile: int, aggregate: Rule) -> None:
        self._attack, self._hostile, self._aggregate = attack, hostile, aggregate
        self._factor = 1.0

    def __call__(self, honest: Gradients, own: Gradients, step: int) -> Gradients:
        if self._attack == "sign_flip":
            return self._alike(against_mean(honest, 1.0))
        make = _little_above if self._attack == "alie" else against_mean
        if step % _EVERY == 0:
            middle = honest.mean(axis=0)

            def harm(factor: float) -> float:
                sent = np.concatenate([honest, self._alike(make(honest, factor))])
                return float(np.linalg.norm(self._aggregate(sent) - middle))

            self._factor = most_harmful(harm)
        return self._alike(make(honest, self._factor))

    def _alike(self, sent: Gradients) -> Gradients:
        every: Gradients = np.broadcast_to(sent, (self._hostile, len(sent)))
        return every


def _little_above(honest: Gradients, z: float) -> Gradients:
    """Go above the mean: ByzFL's ALIE has the other sign than its paper's."""
    return little_below(honest, -z)


STUDY = Study(
    name="byzfl-heatmap",
    title="Clipping, NNM and a rule, under more skew and more attackers",
    source="ByzFL's documentation",
    trials={"mnist_writers": 3},
    variants=variants,
    run=run,
    block={"mnist_writers": 1},
    cost=600.0,
    quick={"steps": 5},
)
