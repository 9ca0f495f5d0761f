"""Cohorts: many MLPs of one shape, trained as one tensor program.

A step of a small MLP is a dozen small products, and calling them takes far longer than they
do. Here all models' products are one batched product, forward, backward and Adam are written
out into buffers that are reused, and both models and samples are cut into parts that stay in
a core's cache. What a model learns depends neither on its neighbours nor on the number of
threads, but for rounding: both move it in memory, and on some processors a product's last bits
depend on where it lies. The same call on as many threads gives the same bytes. The tensors'
device is where it happens.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor

from anml_fl.models.backpropagation import Backpropagation, block_rows
from anml_fl.models.batches import (
    Array,
    Batches,
    checked_features,
    checked_labels,
    checked_orders,
    checked_values,
)
from anml_fl.models.chunks import chunks, of_chunk, on_all_threads
from anml_fl.models.perceptrons import Cohort, initial, module

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "Cohort",
    "Minibatches",
    "Trained",
    "error_rates",
    "initial",
    "module",
    "predict",
    "train",
]

Loss = Literal["cross_entropy", "squared"]


@dataclass(frozen=True, slots=True)
class Minibatches:
    """How an epoch is cut into batches.

    Parameters
    ----------
    size : int
        Samples a batch, >= 1; the last of an epoch may be short.
    orders : (epochs, n) or (M, epochs, n) int64, optional
        Order of the samples in each epoch; as they lie by default.
    """

    size: int
    orders: Array | None = None

    def __post_init__(self) -> None:
        if self.size < 1:
            raise ValueError(f"the size of a batch must be positive, got {self.size}")


@dataclass(frozen=True, slots=True)
class Trained:
    """What training leaves.

    Parameters
    ----------
    final : Cohort
    at : dict of int to Cohort
        Epochs trained to the models at that point, for the checkpoints asked for.
    """

    final: Cohort
    at: dict[int, Cohort]


def train(
    cohort: Cohort,
    features: Array,
    targets: Array,
    *,
    epochs: int,
    learning_rate: float = 1e-3,
    batches: Minibatches | None = None,
    loss: Loss = "cross_entropy",
    checkpoints: Sequence[int] = (),
) -> Trained:
    """Train every model with Adam, as PyTorch would one by one.

    Every model's result is the same, but for rounding, whatever stands beside it and however
    many threads torch has: parts of the cohort are shared among them.

    Parameters
    ----------
    cohort : Cohort
        Stays as it is.
    features : (M, n, d) or (n, d)
        Of the cohort's type; two dimensions are shared by all models.
    targets : (M, n) or (n,)
        int64 classes, or for "squared" values of the cohort's type.
    epochs : int
        >= 0.
    learning_rate : float
        > 0. Adam's other settings are PyTorch's defaults.
    batches : Minibatches, optional
        All samples at once by default.
    loss : {"cross_entropy", "squared"}
        Mean over the samples of a batch. "squared" takes models with one output.
    checkpoints : sequence of int
        Epochs after which models are kept as well; 0 is before the first.

    Raises
    ------
    ValueError
        If a shape, type or number doesn't fit.

    Examples
    --------
    >>> x = torch.tensor([[0.0], [1.0], [2.0], [3.0]])
    >>> y = torch.tensor([0, 0, 1, 1])
    >>> trained = train(initial([0, 1], (1, 8, 2)), x, y, epochs=300, learning_rate=0.01)
    >>> error_rates(trained.final, x, y)
    array([0., 0.])
    """
    if epochs < 0:
        raise ValueError(f"epochs must not be negative, got {epochs}")
    if not 0 < learning_rate < float("inf"):
        raise ValueError(f"learning_rate must be positive and finite, got {learning_rate}")
    if any(not 0 <= at <= epochs for at in checkpoints):
        raise ValueError(f"checkpoints must lie in 0 to {epochs}, got {list(checkpoints)}")
    if loss not in ("cross_entropy", "squared"):
        raise ValueError(f"loss must be cross_entropy or squared, got {loss!r}")
    models, outputs, like = len(cohort), cohort.sizes[-1], cohort.weights[0]
    x = checked_features(features, models, cohort.sizes[0], like)
    n = x.shape[1]
    check = checked_values if loss == "squared" else checked_labels
    y = check(targets, models, n, outputs, like)
    batch, order = n, None
    if batches is not None:
        batch = min(batches.size, n)
        if batches.orders is not None:
            order = checked_orders(batches.orders, models, epochs, n, x.device)
    kept = {at: _room(cohort) for at in {*checkpoints, epochs}}

    def learn(chunk: slice) -> None:
        weights = [w[chunk] for w in cohort.weights]
        biases = [b[chunk] for b in cohort.biases]
        learner = Backpropagation(weights, biases, learning_rate, loss == "squared")
        mine = None if order is None else of_chunk(order, chunk)
        own = Batches(of_chunk(x, chunk), of_chunk(y, chunk), len(weights[0]), outputs, mine)
        for epoch in range(epochs + 1):
            if epoch in kept:
                _keep(learner, kept[epoch], chunk)
            if epoch < epochs:
                for batch_x, batch_y in own.of_epoch(epoch, batch):
                    learner.step(batch_x, batch_y)

    on_all_threads(learn, chunks(models, cohort.sizes, batch, like))
    return Trained(kept[epochs], {at: kept[at] for at in checkpoints})


def predict(cohort: Cohort, features: Array) -> Tensor:
    """Compute every model's logits.

    Parameters
    ----------
    cohort : Cohort
    features : (M, n, d) or (n, d)
        Of the cohort's type; two dimensions are shared by all models.

    Returns
    -------
    (M, n, out) tensor
        For the softmax of which see `torch.softmax(logits, 2)`.

    Raises
    ------
    ValueError
        If a shape or type doesn't fit.

    Examples
    --------
    >>> predict(initial([0, 1], (4, 8, 3)), torch.zeros(5, 4)).shape
    torch.Size([2, 5, 3])
    """
    models, like = len(cohort), cohort.weights[0]
    x = checked_features(features, models, cohort.sizes[0], like)
    logits = x.new_empty(models, x.shape[1], cohort.sizes[-1])

    def answer(chunk: slice) -> None:
        for rows, some in _logits(cohort, x, chunk):
            logits[chunk, rows] = some

    on_all_threads(answer, chunks(models, cohort.sizes, x.shape[1], like))
    return logits


def error_rates(cohort: Cohort, features: Array, labels: Array) -> NDArray[np.float64]:
    """Share of samples that each model classifies wrongly.

    Parameters
    ----------
    cohort : Cohort
    features : (M, n, d) or (n, d)
        Of the cohort's type; two dimensions are shared by all models.
    labels : (M, n) or (n,) int64

    Returns
    -------
    (M,) float64
        In [0, 1].

    Raises
    ------
    ValueError
        If a shape, type or label doesn't fit.

    Examples
    --------
    >>> cohort = Cohort((torch.eye(2).repeat(1, 1, 1),), (torch.zeros(1, 2),))
    >>> error_rates(cohort, torch.eye(2), torch.tensor([0, 0]))
    array([0.5])
    """
    models, like = len(cohort), cohort.weights[0]
    x = checked_features(features, models, cohort.sizes[0], like)
    n = x.shape[1]
    y = checked_labels(labels, models, n, cohort.sizes[-1], like).expand(models, -1)
    wrong = torch.zeros(models, dtype=torch.int64, device=like.device)

    def count(chunk: slice) -> None:
        for rows, some in _logits(cohort, x, chunk):
            # What is not finite predicts nothing.
            lost = ~some.isfinite().all(2)
            wrong[chunk] += (lost | (some.argmax(2) != y[chunk, rows])).sum(1)

    on_all_threads(count, chunks(models, cohort.sizes, n, like))
    rates: NDArray[np.float64] = wrong.cpu().numpy() / n
    return rates


def _logits(cohort: Cohort, x: Tensor, chunk: slice) -> Iterator[tuple[slice, Tensor]]:
    """Yield rows and the logits of a chunk of models for them, (m, rows, out)."""
    n = x.shape[1]
    step = block_rows(cohort.sizes, n, x.dtype)
    layers = [
        (b[chunk].unsqueeze(1), w[chunk])
        for b, w in zip(cohort.biases, cohort.weights, strict=True)
    ]
    mine = of_chunk(x, chunk).expand(len(layers[0][0]), -1, -1)
    for start in range(0, n, step):
        rows = slice(start, min(start + step, n))
        here = mine[:, rows]
        for i, (bias, weight) in enumerate(layers):
            here = torch.baddbmm(bias, here.relu_() if i else here, weight)
        yield rows, here


def _room(cohort: Cohort) -> Cohort:
    return Cohort(
        tuple(torch.empty_like(w) for w in cohort.weights),
        tuple(torch.empty_like(b) for b in cohort.biases),
    )


def _keep(learner: Backpropagation, kept: Cohort, chunk: slice) -> None:
    for room, weight in zip(kept.weights, learner.weights, strict=True):
        room[chunk] = weight
    for room, bias in zip(kept.biases, learner.biases, strict=True):
        room[chunk] = bias
