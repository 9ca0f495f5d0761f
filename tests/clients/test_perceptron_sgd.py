"""SGD without autograd takes the very steps that autograd's takes."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from anml_fl.config import Training
from anml_fl.models.architectures import build
from clients.perceptron_sgd import is_perceptron, train_perceptron


def autograd(model, features, labels, settings, rng):
    optimiser = torch.optim.SGD(model.parameters(), lr=settings.learning_rate)
    for _ in range(settings.local_epochs):
        order = torch.from_numpy(rng.permutation(labels.numel()))
        for batch in order.split(settings.batch_size):
            optimiser.zero_grad()
            cross_entropy(model(features[batch]), labels[batch]).backward()
            optimiser.step()


@pytest.mark.parametrize(("n", "size"), [(144, 32), (7, 32), (1, 1), (100, 9)])
@pytest.mark.parametrize(("width", "classes"), [(64, 10), (13, 3), (30, 2)])
def test_weights_are_the_same_bits(n, size, width, classes):
    rng = np.random.default_rng(0)
    features = torch.from_numpy(rng.normal(size=(n, width)).astype(np.float32))
    labels = torch.from_numpy(rng.integers(classes, size=n))
    settings = Training(batch_size=size, local_epochs=4)
    ours = build("mlp", width, None, classes, seed=1)
    theirs = copy.deepcopy(ours)
    train_perceptron(ours, features, labels, settings, np.random.default_rng(2))
    autograd(theirs, features, labels, settings, np.random.default_rng(2))
    for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(one, other)


def test_other_models_are_none():
    assert not is_perceptron(build("cnn", 64, (1, 8, 8), 10, seed=0))
    assert not is_perceptron(nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 2)))
    assert not is_perceptron(nn.Sequential(nn.Linear(2, 2, bias=False)))
