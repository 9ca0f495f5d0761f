"""Distributed SGD: steps of plain SGD, momentum as PyTorch has it, whose batch is whose."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from studies.published.distributed_sgd import Descent, Workers, accuracy, descend

ROWS, FEATURES, CLASSES = 24, 3, 4


@pytest.fixture
def workers():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(ROWS, FEATURES)).astype(np.float32)
    y = rng.integers(CLASSES, size=ROWS)
    return Workers(x, y, np.array_split(np.arange(ROWS), 4), hostile=1)


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(FEATURES, 5), nn.ReLU(), nn.Linear(5, CLASSES))


def vector(model):
    return torch.cat([one.detach().reshape(-1) for one in model.parameters()]).double().numpy()


def honest_mean(sent):
    return sent[:3].mean(axis=0)


def nothing(honest, own, step):
    return np.zeros_like(own)


@pytest.mark.parametrize(("momentum", "damping"), [(0.0, 0.0), (0.9, 0.0), (0.9, 0.9)])
def test_whole_batches_descend_as_sgd_in_one_place(workers, momentum, damping):
    """Where each batch is all that a worker holds, the mean gradient is that of all rows."""
    how = Descent(5, 0.5, ROWS // 4, momentum, damping)
    model, plain = network(), network().double()
    descend(model, workers, how, craft=nothing, aggregate=honest_mean, seed=0)
    rows = np.concatenate(workers.parts[:3])
    x = torch.from_numpy(workers.features[rows]).double()
    y = torch.from_numpy(workers.labels[rows])
    buffers = [torch.zeros_like(one) for one in plain.parameters()]
    for step in range(5):
        plain.zero_grad()
        cross_entropy(plain(x), y).backward()
        for one, buffer in zip(plain.parameters(), buffers, strict=True):
            # A moving average begins at zero, PyTorch's momentum at the gradient.
            buffer.mul_(momentum if step else 0.0).add_(one.grad, alpha=1 - damping)
            one.data.sub_(buffer, alpha=0.5)
    np.testing.assert_allclose(vector(model), vector(plain), atol=1e-5)


def test_a_batch_holds_rows_of_its_worker_alone_and_an_epoch_each_once(workers):
    seen = []

    def aggregate(sent):
        seen.append(sent.copy())
        return np.zeros(sent.shape[1])

    model = network()
    descend(model, workers, Descent(3, 1.0, 2), craft=nothing, aggregate=aggregate, seed=7)
    # The model does not move: a worker's three batches of two are all of its six rows.
    part = workers.parts[1]
    x, y = torch.from_numpy(workers.features[part]), torch.from_numpy(workers.labels[part])
    model.zero_grad()
    cross_entropy(model(x), y).backward()
    whole = torch.cat([one.grad.reshape(-1) for one in model.parameters()]).numpy()
    np.testing.assert_allclose(np.mean([sent[1] for sent in seen], axis=0), whole, atol=1e-6)


def test_the_hostile_send_what_is_crafted_of_the_honest_and_their_own(workers):
    given = []

    def craft(honest, own, step):
        given.append((honest.shape, own.shape, step))
        return np.full_like(own, 3.0)

    def aggregate(sent):
        assert (sent[3:] == 3.0).all()
        return sent[0]

    descend(network(), workers, Descent(2, 0.1, 3), craft=craft, aggregate=aggregate, seed=0)
    count = vector(network()).size
    assert given == [((3, count), (1, count), step) for step in range(2)]


def test_what_is_not_finite_is_classified_wrongly():
    model = nn.Linear(1, 2)
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[1.0], [-1.0]]))
        model.bias.zero_()
    x = np.array([[1.0], [-1.0], [np.inf]], np.float32)
    assert accuracy(model, x, np.array([0, 0, 0])) == pytest.approx(1 / 3)
