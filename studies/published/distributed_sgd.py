"""Distributed SGD: a step is one batch of each worker, and a rule makes one gradient of them.

What most papers on Byzantine learning train by: no local epochs, no registry, no rounds of
which anybody keeps a record. Rules and attacks are the same pure functions that the federation
uses. Workers are a stack of gradients, all made at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from anml_fl.method.threads import one_thread
from anml_fl.seeding import stream

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    Gradients = NDArray[np.float32]
    Craft = Callable[[Gradients, Gradients, int], Gradients]
    Aggregate = Callable[[Gradients], NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Workers:
    """What each worker holds, the honest ones first.

    Parameters
    ----------
    features : (n, d) float32
        Of all rows.
    labels : (n,) int64
    parts : sequence of (m,) int64
        Each worker's rows: of the honest, then of those hostile ones who learn, too.
    hostile : int
        How many of the last parts are hostile workers'.
    """

    features: NDArray[np.float32]
    labels: NDArray[np.int64]
    parts: Sequence[NDArray[np.int64]]
    hostile: int


@dataclass(frozen=True, slots=True)
class Descent:
    """How they descend.

    Parameters
    ----------
    steps : int
    rate : float
        The server's, of a step along what the rule gives.
    batch : int
        Rows of a worker's batch.
    momentum : float
        beta of the honest workers: m <- beta m + (1 - damping) g.
    damping : float
        0 as in PyTorch, beta as in a moving average.
    decay : float
        The server's weight decay, added to what the rule gives as in PyTorch's SGD.
    """

    steps: int
    rate: float
    batch: int
    momentum: float = 0.0
    damping: float = 0.0
    decay: float = 0.0


def descend(
    model: nn.Module,
    workers: Workers,
    how: Descent,
    *,
    craft: Craft,
    aggregate: Aggregate,
    seed: int,
    after: Callable[[int], None] | None = None,
) -> None:
    """Train a model in place.

    Parameters
    ----------
    model : torch.nn.Module
        On the CPU: a `Sequential`, a perceptron with one hidden layer, of ReLU.
    workers : Workers
    how : Descent
    craft : callable
        From what the honest send (h, p), the hostile workers' own gradients (f, p) and the
        step, from 0, to what the hostile ones send, one row each.
    aggregate : callable
        From all that is sent (n, p), the honest first, to the gradient of the step (p,).
    seed : int
        Of the batches.
    after : callable, optional
        Is told how many steps the model has taken, after each.
    """
    layers = [one for one in model.children() if isinstance(one, nn.Linear)]
    x, y = torch.from_numpy(workers.features), torch.from_numpy(workers.labels)
    batches = [_batches(part, how.batch, seed, i) for i, part in enumerate(workers.parts)]
    honest = len(workers.parts) - workers.hostile
    size = sum(one.numel() for one in model.parameters())
    momentum, own = torch.zeros(honest, size), torch.zeros(workers.hostile, size)
    with one_thread(), torch.no_grad():
        for step in range(how.steps):
            rows = torch.from_numpy(np.stack([next(one) for one in batches]))
            slopes = _Slopes(layers, x[rows], y[rows])
            slopes.add_to(momentum, slice(honest), how.momentum, 1 - how.damping)
            slopes.add_to(own, slice(honest, None), 0.0, 1.0)
            learned = momentum.numpy()
            sent = np.concatenate([learned, craft(learned, own.numpy(), step)])
            _move(model, aggregate(sent), how)
            if after is not None:
                after(step + 1)


def accuracy(model: nn.Module, features: NDArray[np.float32], labels: NDArray[Any]) -> float:
    """Tell which share of the rows a model classifies rightly; what is not finite is wrong."""
    with torch.no_grad(), one_thread():
        logits = model(torch.from_numpy(features))
    right = (logits.argmax(1).numpy() == labels) & logits.isfinite().all(1).numpy()
    return float(right.mean())


class _Slopes:
    """Gradients of each worker's batch, by hand: autograd has none for each of them."""

    def __init__(self, layers: Sequence[nn.Linear], x: Tensor, y: Tensor) -> None:
        first, last = layers
        hidden = first(x.flatten(0, 1)).relu_()
        beyond = last(hidden).softmax(1)
        beyond[torch.arange(len(beyond)), y.flatten()] -= 1
        beyond /= y.shape[1]
        behind = (beyond @ last.weight) * (hidden > 0)
        # Of each layer what goes in and what comes back, by worker.
        self._layers = [
            (x, behind.view(*y.shape, -1)),
            (hidden.view(*y.shape, -1), beyond.view(*y.shape, -1)),
        ]

    def add_to(self, kept: Tensor, who: slice, beta: float, alpha: float) -> None:
        """Set kept (m, p) to beta times itself and alpha times the gradients of some."""
        at = 0
        for given, back in ((one[who], two[who]) for one, two in self._layers):
            into, out = given.shape[2], back.shape[2]
            weights = kept[:, at : at + out * into].unflatten(1, (out, into))
            weights.baddbmm_(back.mT, given, beta=beta, alpha=alpha)
            at += out * into
            kept[:, at : at + out].mul_(beta).add_(back.sum(1), alpha=alpha)
            at += out


def _batches(part: NDArray[np.int64], size: int, seed: int, worker: int) -> Any:
    """Yield a worker's batches for ever; an epoch's last rows that fill none are left out."""
    epoch = 0
    while True:
        order = stream(seed, "batches", str(worker), str(epoch)).permutation(part)
        for first in range(0, len(order) - size + 1, size):
            yield order[first : first + size]
        epoch += 1


def _move(model: nn.Module, gradient: NDArray[Any], how: Descent) -> None:
    step, first = torch.from_numpy(np.ascontiguousarray(gradient, np.float32)), 0
    for one in model.parameters():
        if how.decay:
            one.mul_(1 - how.rate * how.decay)
        one.sub_(step[first : first + one.numel()].view_as(one), alpha=how.rate)
        first += one.numel()
