"""A perceptron's steps without autograd are autograd's, but for rounding."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy, mse_loss

from anml_fl.datasets.prepare import Samples
from anml_fl.models.build import build
from anml_fl.settings.training import Training
from clients.cohort_batches import batches
from clients.cohort_perceptron import Perceptrons, linear_layers
from clients.cohort_rows import Held
from clients.training import class_weights


def problem(n, width, classes, seed):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n, width)).astype(np.float32)
    if classes == 1:
        return Samples(features, rng.normal(size=n).astype(np.float32), 1)
    return Samples(features, rng.integers(classes, size=n), classes)


def autograd(model, samples, settings, order):
    """Train with autograd and torch.optim, and tell how near a ReLU came to 0."""
    gaps = [math.inf]
    for layer in model:
        if isinstance(layer, nn.ReLU):
            layer.register_forward_hook(
                lambda _, x, __: gaps.append(float(x[0].detach().abs().min()))
            )
    kind = next(model.parameters()).dtype
    x, y = torch.from_numpy(samples.features).to(kind), torch.from_numpy(samples.labels)
    weight = None
    if settings.weight_classes and samples.classes > 1:
        weight = torch.from_numpy(class_weights(samples.labels, samples.classes)).to(kind)
    optimiser = torch.optim.SGD(model.parameters(), lr=settings.learning_rate)
    for epoch in torch.from_numpy(order):
        for batch in epoch.split(settings.batch_size):
            optimiser.zero_grad()
            z = model(x[batch])
            if samples.classes == 1:
                loss = mse_loss(z[:, 0], y[batch].to(kind))
            else:
                loss = cross_entropy(z, y[batch], weight)
            loss.backward()
            optimiser.step()
    return min(gaps)


def kernel(model, parts, settings, orders, rows):
    """Train a cohort in the type of the model; the parameters of each as one vector."""
    layers = [one for one in model if isinstance(one, nn.Linear)]
    like = layers[0].weight
    table = Held().table(parts, layers[-1].out_features, like)
    models = Perceptrons(layers, len(parts))
    starts = np.cumsum([0, *(one.labels.size for one in parts[:-1])])
    cut = batches(range(len(parts)), rows, parts, starts, orders, settings, table)
    every = slice(0, len(parts))
    models.train(every, table, cut, settings, of_values=parts[0].classes == 1)
    return torch.cat([one.flatten(1) for one in models.trained()], 1).double()


def vector(model):
    return nn.utils.parameters_to_vector(model.parameters()).detach().double()


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["float64", "float32"])
@pytest.mark.parametrize(
    ("n", "size", "rows"), [(144, 32, 32), (7, 32, 8), (1, 1, 1), (100, 9, 9)]
)
@pytest.mark.parametrize(("width", "classes"), [(64, 10), (13, 3), (30, 1)])
@pytest.mark.parametrize("weighed", [False, True], ids=["plain", "weighed"])
def test_the_steps_are_autograds(n, size, rows, width, classes, weighed, dtype):
    settings = Training(batch_size=size, local_epochs=3, weight_classes=weighed)
    settings = settings.model_copy(update={"learning_rate": 0.02 if classes == 1 else 0.1})
    start = build("mlp", width, None, classes, seed=1)
    for seed in range(50):
        samples = problem(n, width, classes, seed)
        order = np.array([np.random.default_rng(i).permutation(n) for i in range(3)])
        exact = copy.deepcopy(start).double()
        # Where a unit is all but at 0, rounding decides whether it learns: not on these data.
        if (gap := autograd(exact, samples, settings, order)) > 1e-5:
            break
    assert gap > 1e-5
    found = kernel(copy.deepcopy(start).to(dtype), [samples], settings, [order], rows)[0]
    moved = float((vector(exact) - vector(start)).norm())
    # Each of 3 ceil(n / size) steps sums up to 64 products, each of them rounded.
    rounding = 3 * math.ceil(n / size) * 64 * torch.finfo(dtype).eps
    assert float((found - vector(exact)).norm()) < rounding * moved


def test_the_layers_of_a_perceptron_are_found_and_nothing_else():
    assert len(linear_layers(build("mlp", 5, None, 3, seed=0))) == 3
    assert len(linear_layers(build("logistic", 5, None, 3, seed=0))) == 1
    assert not linear_layers(build("cnn", 64, (1, 8, 8), 10, seed=0))
    assert not linear_layers(nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 2)))
    assert not linear_layers(nn.Sequential(nn.Linear(2, 2, bias=False)))
    assert not linear_layers(nn.Sequential(nn.Linear(2, 2), nn.ReLU()))


def test_units_that_fill_up_stay_zero_whatever_the_optimiser():
    samples = problem(20, 5, 3, 0)
    order = np.arange(20)[None]
    for chosen in (
        {"momentum": 0.9, "weight_decay": 0.1, "proximal": 0.5, "clip_norm": 0.2},
        {"optimizer": "adamw", "weight_decay": 0.1},
    ):
        settings = Training(batch_size=8, local_epochs=1, **chosen)
        model = nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 3))
        layers = linear_layers(model)
        models = Perceptrons(layers, 1)
        table = Held().table([samples], 3, layers[0].weight)
        cut = batches([0], 8, [samples], np.zeros(1, np.int64), [order], settings, table)
        models.train(slice(0, 1), table, cut, settings, of_values=False)
        for whole, own in zip(models._weights, ((7, 5), (3, 7)), strict=True):
            rest = whole[0].clone()
            assert bool((rest[: own[0], : own[1]] != 0).all())
            rest[: own[0], : own[1]] = 0
            assert not rest.any()
