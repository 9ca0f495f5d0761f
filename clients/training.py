"""One contributor's share of a round: gradient steps on its own samples."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn.functional import cross_entropy, mse_loss

from anml_fl.models.batch_statistics import keep_statistics, takes_statistics
from anml_fl.models.state import as_input
from clients.optimisation import Steps, is_plain
from clients.perceptron_sgd import is_perceptron, train_perceptron

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray
    from torch import Tensor, nn

    from anml_fl.datasets.prepare import Samples
    from anml_fl.settings.training import Training


def train(
    model: nn.Module, samples: Samples, settings: Training, rng: np.random.Generator
) -> None:
    """Train a model in place: minibatches, on cross-entropy or on squared errors.

    A last batch of one row joins the one before where a layer takes statistics of a batch;
    a contributor with one row in all takes those of the global model.

    Parameters
    ----------
    model : torch.nn.Module
        On the CPU, the global one; it is moved to `settings.device` and stays there.
    samples : Samples
    settings : Training
        Of the round.
    rng : numpy.random.Generator
        Order of the samples, the same on any device; what the model itself draws, as in
        dropout, comes from a stream beside it.
    """
    labels = torch.from_numpy(samples.labels).to(settings.device)
    model.to(settings.device).train()
    features = as_input(model, torch.from_numpy(samples.features).to(settings.device))
    plain = samples.classes > 1 and not settings.weight_classes and is_plain(settings)
    if plain and is_perceptron(model):
        train_perceptron(model, features, labels, settings, rng)
        return
    loss, steps = _loss(samples, settings), Steps(model, settings)
    together = takes_statistics(model)
    if together and labels.numel() == 1:
        keep_statistics(model)
    with _drawing(rng, torch.device(settings.device)):
        for _ in range(settings.local_epochs):
            order = torch.from_numpy(rng.permutation(labels.numel())).to(settings.device)
            for batch in _batches(order, settings.batch_size, together=together):
                steps.step(loss(model(features[batch]), labels[batch]))


def _batches(order: Tensor, size: int, *, together: bool) -> tuple[Tensor, ...]:
    parts: tuple[Tensor, ...] = order.split(size)
    if together and len(parts) > 1 and len(parts[-1]) == 1:
        return *parts[:-2], torch.cat(parts[-2:])
    return parts


@contextmanager
def _drawing(rng: np.random.Generator, device: torch.device) -> Iterator[None]:
    """Let a model draw from a seed of the round's, and put torch's generators back."""
    # A stream of its own: the order of the samples stays as it is without it.
    seed = int(rng.spawn(1)[0].integers(2**63))
    # Of other devices PyTorch has no fork: there dropout is not the same again.
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices):
        torch.default_generator.manual_seed(seed)
        for one in devices:
            with torch.cuda.device(one):
                torch.cuda.manual_seed(seed)
        yield


def class_weights(labels: NDArray[np.int64], classes: int) -> NDArray[np.float32]:
    """Weigh classes so that those that somebody holds count alike: n / (k n_c) of k classes.

    Parameters
    ----------
    labels : (n,) int64
    classes : int
        Of the model.

    Returns
    -------
    (classes,) float32
        0 for a class that nobody's label is here.

    Examples
    --------
    >>> class_weights(np.array([0, 0, 0, 2]), 3).round(2)
    array([0.67, 0.  , 2.  ], dtype=float32)
    """
    counts = np.bincount(labels, minlength=classes)
    held = counts > 0
    weights = np.zeros(classes, np.float32)
    weights[held] = labels.size / (held.sum() * counts[held])
    return weights


def _loss(samples: Samples, settings: Training) -> Callable[[Tensor, Tensor], Tensor]:
    if samples.classes == 1:
        return _squared_error
    if not settings.weight_classes:
        return _cross_entropy
    weights = torch.from_numpy(class_weights(samples.labels, samples.classes))
    return partial(_cross_entropy, weight=weights.to(settings.device))


def _cross_entropy(logits: Tensor, labels: Tensor, weight: Tensor | None = None) -> Tensor:
    wide = _wide(logits)
    return cross_entropy(wide, labels, weight if weight is None else weight.to(wide.dtype))


def _squared_error(outputs: Tensor, values: Tensor) -> Tensor:
    wide = _wide(outputs.squeeze(1))
    return mse_loss(wide, values.to(wide.dtype))


def _wide(outputs: Tensor) -> Tensor:
    """Take sums of narrow types, such as bfloat16, in float32."""
    return outputs.float() if outputs.element_size() < 4 else outputs
