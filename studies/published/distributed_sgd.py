"""Distributed SGD: a step is one batch of each worker, and a rule makes one gradient of them.

What most papers on Byzantine learning train by: no local epochs, no registry, no rounds of
which anybody keeps a record. Rules and attacks are the same pure functions that the federation
uses. Workers are a stack of gradients, in one call of `torch.func`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.func import functional_call, grad, vmap
from torch.nn.functional import cross_entropy

from anml_fl.method.threads import one_thread
from anml_fl.seeding import stream

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from torch import Tensor, nn

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
        Each worker's rows, honest and hostile.
    hostile : int
        How many of the last workers are.
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
    """

    steps: int
    rate: float
    batch: int
    momentum: float = 0.0
    damping: float = 0.0


def descend(
    model: nn.Module,
    workers: Workers,
    how: Descent,
    *,
    craft: Craft,
    aggregate: Aggregate,
    seed: int,
) -> None:
    """Train a model in place.

    Parameters
    ----------
    model : torch.nn.Module
        On the CPU, with parameters alone.
    workers : Workers
    how : Descent
    craft : callable
        From what the honest send (h, p), the hostile workers' own gradients (f, p) and the
        step, from 0, to what the hostile ones send (f, p).
    aggregate : callable
        From all that is sent (n, p), the honest first, to the gradient of the step (p,).
    seed : int
        Of the batches.
    """
    names = list(dict(model.named_parameters()))
    slopes = vmap(grad(_loss(model)), in_dims=(None, 0, 0))
    x, y = torch.from_numpy(workers.features), torch.from_numpy(workers.labels)
    batches = [_batches(part, how.batch, seed, i) for i, part in enumerate(workers.parts)]
    honest = len(workers.parts) - workers.hostile
    momentum: Gradients | None = None
    with one_thread():
        for step in range(how.steps):
            rows = torch.from_numpy(np.stack([next(one) for one in batches]))
            arrays = {name: one.detach() for name, one in model.named_parameters()}
            found = slopes(arrays, x[rows], y[rows])
            own = torch.cat([found[name].flatten(1) for name in names], 1).numpy()
            fresh = own[:honest]
            if momentum is None or not how.momentum:
                momentum = fresh * np.float32(1 - how.damping)
            else:
                momentum = np.float32(how.momentum) * momentum
                momentum += np.float32(1 - how.damping) * fresh
            sent = np.concatenate([momentum, craft(momentum, own[honest:], step)])
            _move(model, aggregate(sent), how.rate)


def accuracy(model: nn.Module, features: NDArray[np.float32], labels: NDArray[Any]) -> float:
    """Tell which share of the rows a model classifies rightly; what is not finite is wrong."""
    with torch.no_grad(), one_thread():
        logits = model(torch.from_numpy(features))
    right = (logits.argmax(1).numpy() == labels) & logits.isfinite().all(1).numpy()
    return float(right.mean())


def _loss(model: nn.Module) -> Callable[..., Tensor]:
    def loss(arrays: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
        return cross_entropy(functional_call(model, arrays, (x,)), y)

    return loss


def _batches(part: NDArray[np.int64], size: int, seed: int, worker: int) -> Any:
    """Yield a worker's batches for ever; an epoch's last rows that fill none are left out."""
    epoch = 0
    while True:
        order = stream(seed, "batches", str(worker), str(epoch)).permutation(part)
        for first in range(0, len(order) - size + 1, size):
            yield order[first : first + size]
        epoch += 1


def _move(model: nn.Module, gradient: NDArray[Any], rate: float) -> None:
    step, first = torch.from_numpy(np.ascontiguousarray(gradient, np.float32)), 0
    with torch.no_grad():
        for one in model.parameters():
            one.sub_(rate * step[first : first + one.numel()].view_as(one))
            first += one.numel()
