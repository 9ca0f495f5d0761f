"""SGD without autograd takes the steps that autograd's takes, but for rounding."""

import copy
import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from anml_fl.method.threads import one_thread
from anml_fl.models.build import build
from anml_fl.settings.training import Training
from clients.perceptron_sgd import is_perceptron, train_perceptron


@pytest.fixture(autouse=True)
def _as_a_client_trains():
    with one_thread():
        yield


def autograd(model, features, labels, settings, rng):
    optimiser = torch.optim.SGD(model.parameters(), lr=settings.learning_rate)
    for _ in range(settings.local_epochs):
        order = torch.from_numpy(rng.permutation(labels.numel()))
        for batch in order.split(settings.batch_size):
            optimiser.zero_grad()
            cross_entropy(model(features[batch]), labels[batch]).backward()
            optimiser.step()


def vector(model):
    return nn.utils.parameters_to_vector(model.parameters()).detach().double()


def moved(way, model, features, labels, settings, dtype):
    """By how much training moves the weights, in float64; and how near a ReLU came to 0."""
    model, gaps = copy.deepcopy(model).to(dtype), [math.inf]
    for layer in model:
        if isinstance(layer, nn.ReLU):
            layer.register_forward_hook(
                lambda _, x, __: gaps.append(float(x[0].detach().abs().min()))
            )
    start = vector(model)
    way(model, features.to(dtype), labels, settings, np.random.default_rng(2))
    return vector(model) - start, min(gaps)


def problem(n, width, classes, seed=0):
    rng = np.random.default_rng(seed)
    features = torch.from_numpy(rng.normal(size=(n, width)).astype(np.float32))
    labels = torch.from_numpy(rng.integers(classes, size=n))
    return build("mlp", width, None, classes, seed=1), features, labels


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["float64", "float32"])
@pytest.mark.parametrize(("n", "size"), [(144, 32), (7, 32), (1, 1), (100, 9)])
@pytest.mark.parametrize(("width", "classes"), [(64, 10), (13, 3), (30, 2)])
def test_the_steps_are_autograds_but_for_rounding(n, size, width, classes, dtype):
    settings = Training(batch_size=size, local_epochs=4)
    for seed in range(50):
        given = problem(n, width, classes, seed)
        exact, gap = moved(autograd, *given, settings, torch.float64)
        # Where a unit is all but at 0, rounding decides whether it learns: not on these data.
        if gap > 1e-5:
            break
    assert gap > 1e-5
    ours, _ = moved(train_perceptron, *given, settings, dtype)
    theirs, _ = moved(autograd, *given, settings, dtype)
    # Each of 4 ceil(n / size) steps sums up to 64 products, each of them rounded.
    rounding = 4 * math.ceil(n / size) * 64 * torch.finfo(dtype).eps
    for one in (ours, theirs):
        assert float((one - exact).norm() / exact.norm()) < rounding


def test_the_same_call_gives_the_same_bytes():
    settings = Training(batch_size=9, local_epochs=4)
    once, again = (
        moved(train_perceptron, *problem(100, 13, 3), settings, torch.float32)[0]
        for _ in range(2)
    )
    assert torch.equal(once, again)


def test_other_models_are_none():
    assert not is_perceptron(build("cnn", 64, (1, 8, 8), 10, seed=0))
    assert not is_perceptron(nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 2)))
    assert not is_perceptron(nn.Sequential(nn.Linear(2, 2, bias=False)))
