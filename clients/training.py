"""One contributor's share of a round: SGD on its own samples."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn.functional import cross_entropy, mse_loss

from clients.perceptron_sgd import is_perceptron, train_perceptron

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from torch import Tensor, nn

    from anml_fl.datasets.prepare import Samples
    from anml_fl.settings.training import Training


def train(
    model: nn.Module, samples: Samples, settings: Training, rng: np.random.Generator
) -> None:
    """Train a model in place: minibatch SGD on cross-entropy, or on squared errors.

    Parameters
    ----------
    model : torch.nn.Module
        On the CPU; it is moved to `settings.device` and stays there.
    samples : Samples
    settings : Training
        Epochs, batch size, learning rate, device, whether rare classes are weighed up.
    rng : numpy.random.Generator
        Order of the samples, the same on any device.
    """
    features = torch.from_numpy(samples.features).to(settings.device)
    labels = torch.from_numpy(samples.labels).to(settings.device)
    model.to(settings.device).train()
    plain = samples.classes > 1 and not settings.weight_classes
    if plain and is_perceptron(model):
        train_perceptron(model, features, labels, settings, rng)
        return
    loss = _loss(samples, settings)
    optimiser = torch.optim.SGD(model.parameters(), lr=settings.learning_rate)
    for _ in range(settings.local_epochs):
        order = torch.from_numpy(rng.permutation(labels.numel())).to(settings.device)
        for batch in order.split(settings.batch_size):
            optimiser.zero_grad()
            loss(model(features[batch]), labels[batch]).backward()
            optimiser.step()


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
        return cross_entropy
    weights = torch.from_numpy(class_weights(samples.labels, samples.classes))
    return partial(cross_entropy, weight=weights.to(settings.device))


def _squared_error(outputs: Tensor, values: Tensor) -> Tensor:
    return mse_loss(outputs.squeeze(1), values)
