"""One contributor's share of a round: SGD on its own samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn.functional import cross_entropy

from clients.perceptron_sgd import is_perceptron, train_perceptron

if TYPE_CHECKING:
    import numpy as np
    from torch import nn

    from anml_fl.datasets.prepare import Samples
    from anml_fl.settings.training import Training


def train(
    model: nn.Module, samples: Samples, settings: Training, rng: np.random.Generator
) -> None:
    """Train a model in place: minibatch SGD on cross-entropy.

    Parameters
    ----------
    model : torch.nn.Module
        On the CPU; it is moved to `settings.device` and stays there.
    samples : Samples
    settings : Training
        Epochs, batch size, learning rate, device.
    rng : numpy.random.Generator
        Order of the samples, the same on any device.
    """
    features = torch.from_numpy(samples.features).to(settings.device)
    labels = torch.from_numpy(samples.labels).to(settings.device)
    model.to(settings.device).train()
    if is_perceptron(model):
        train_perceptron(model, features, labels, settings, rng)
        return
    optimiser = torch.optim.SGD(model.parameters(), lr=settings.learning_rate)
    for _ in range(settings.local_epochs):
        order = torch.from_numpy(rng.permutation(labels.numel())).to(settings.device)
        for batch in order.split(settings.batch_size):
            optimiser.zero_grad()
            cross_entropy(model(features[batch]), labels[batch]).backward()
            optimiser.step()
