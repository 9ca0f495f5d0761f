"""Convolutional networks side by side: PyTorch's steps, and the same bytes in any company."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy, mse_loss

from anml_fl.datasets.prepare import Samples
from anml_fl.method.threads import one_thread
from anml_fl.models.build import build
from anml_fl.models.state import arrays_of
from anml_fl.settings.training import Training
from clients import cohort_jobs
from clients.cohort_convolution import Convolutions
from clients.cohort_stages import convolutional_stages
from clients.cohort_training import cohort_kind, train_cohort
from clients.training import train


def parts_of(counts, width, classes=3, seed=0):
    rng = np.random.default_rng(seed)
    return [
        Samples(
            rng.normal(size=(n, width)).astype(np.float32),
            rng.integers(classes, size=n) if classes > 1 else rng.normal(size=n).astype("f4"),
            classes,
        )
        for n in counts
    ]


def orders(places):
    return [np.random.default_rng(i) for i in places]


def shipped():
    return build("cnn", 64, (1, 8, 8), 3, seed=0)


def odd():
    """Sizes that fill no vector, kernels that are no squares, a mean, pooling twice."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Unflatten(1, (3, 7, 8)),
        nn.ReLU(),
        nn.Conv2d(3, 5, (1, 3), padding=(0, 1)),
        nn.AvgPool2d(2),
        nn.Conv2d(5, 7, 3, padding=(2, 1)),
        nn.ReLU(),
        nn.MaxPool2d((1, 2)),
        nn.Conv2d(7, 18, (3, 2)),
        nn.Flatten(),
        nn.ReLU(),
        nn.Linear(54, 9),
        nn.ReLU(),
        nn.Linear(9, 3),
    )


def pooled_first():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Unflatten(1, (2, 6, 6)),
        nn.MaxPool2d(3),
        # Of a kernel that is wider than what it goes over some columns meet zeros alone.
        nn.Conv2d(2, 4, (2, 9), padding=(1, 4)),
        nn.Flatten(),
        nn.Linear(24, 3),
    )


def of_values():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Unflatten(1, (1, 4, 4)),
        nn.Conv2d(1, 4, 3),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(16, 1),
    )


NETWORKS = {
    "shipped": (shipped, 64, 3),
    "odd": (odd, 168, 3),
    "pooled-first": (pooled_first, 72, 3),
    "values": (of_values, 16, 1),
}


@one_thread()
def by_autograd(model, part, settings, order):
    """Train with torch.optim in float64; what it is in the end."""
    own = copy.deepcopy(model).double().train()
    kind = {"sgd": torch.optim.SGD, "adamw": torch.optim.AdamW}[settings.optimizer]
    optimiser = kind(
        own.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
    )
    x, y = torch.from_numpy(part.features).double(), torch.from_numpy(part.labels)
    for _ in range(settings.local_epochs):
        for batch in torch.from_numpy(order.permutation(len(y))).split(settings.batch_size):
            optimiser.zero_grad()
            found = own(x[batch])
            if part.classes == 1:
                mse_loss(found.squeeze(1), y[batch].double()).backward()
            else:
                cross_entropy(found, y[batch]).backward()
            optimiser.step()
    return arrays_of(own)


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
@pytest.mark.parametrize("name", NETWORKS)
def test_each_takes_pytorchs_steps(name, optimizer):
    make, width, classes = NETWORKS[name]
    model = make()
    settings = Training(
        local_epochs=2,
        batch_size=8,
        learning_rate=0.05 if optimizer == "sgd" else 0.001,
        optimizer=optimizer,
        weight_decay=0.1,
    )
    parts, start = parts_of((3, 20, 8, 1, 33), width, classes), arrays_of(model)
    assert cohort_kind(model, settings) == "convolution"
    found = train_cohort(model, parts, settings, orders(range(5)))
    assert list(found) == list(start)
    for place, part in enumerate(parts):
        exact = by_autograd(model, part, settings, orders([place])[0])
        for key, one in exact.items():
            assert found[key].dtype == start[key].dtype
            moved = max(float(np.abs(one - start[key]).max()), 1e-3)
            # Adam divides by the gradient's own size, where it is all but 0 by rounding.
            within = (1e-4 if optimizer == "sgd" else 2e-2) * moved
            np.testing.assert_allclose(found[key][place], one, atol=within, rtol=0)


def lone(model, part, settings, place):
    """Train as a ClientApp does: on one thread, a copy of the global model."""
    own = copy.deepcopy(model)
    with one_thread():
        train(own, part, settings, *orders([place]))
    return arrays_of(own)


WAYS = {
    "sgd": Training(local_epochs=1),
    "epochs": Training(local_epochs=2, batch_size=9, momentum=0.9, clip_norm=0.5),
    "adam": Training(local_epochs=2, batch_size=3, optimizer="adam", learning_rate=0.001),
}


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["shipped", "odd"])
def test_company_changes_no_byte(monkeypatch, name, way, threads):
    make, width, _ = NETWORKS[name]
    model, settings = make(), WAYS[way]
    parts = parts_of([1 + (7 * i) % 20 for i in range(20)], width)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        wanted = train_cohort(model, parts, settings, orders(range(20)))
        for some in ([0], [19, 3, 7]):
            found = train_cohort(model, [parts[i] for i in some], settings, orders(some))
            for key, rows in wanted.items():
                assert rows[some].tobytes() == found[key].tobytes()
        monkeypatch.setattr(cohort_jobs, "CHUNK_BYTES", 3)
        monkeypatch.setattr(Convolutions, "row_bytes", lambda *_: 1)
        found = train_cohort(model, parts, settings, orders(range(20)))
    finally:
        torch.set_num_threads(before)
    for key, rows in wanted.items():
        assert rows.tobytes() == found[key].tobytes()
    for place in (0, 5, 19):
        for key, one in lone(model, parts[place], settings, place).items():
            assert wanted[key][place].tobytes() == one.tobytes()


def test_of_equal_numbers_in_a_window_one_learns():
    settings = Training(local_epochs=1, learning_rate=0.1)
    torch.manual_seed(0)
    first = nn.Unflatten(1, (1, 6, 6)), nn.Conv2d(1, 4, 3), nn.MaxPool2d(2)
    model = nn.Sequential(*first, nn.Flatten(), nn.Linear(16, 3))
    part = Samples(np.ones((6, 36), np.float32), np.array([0, 1, 2, 0, 1, 1]), 3)
    assert cohort_kind(model, settings) == "convolution"
    found = train_cohort(model, [part, part], settings, orders([0, 0]))
    for key, one in by_autograd(model, part, settings, *orders([0])).items():
        np.testing.assert_allclose(found[key], np.stack([one, one]), atol=1e-6)


def changed(at, layer):
    """Put another layer into the shipped network."""
    model = shipped()
    model[at] = layer
    return model


def tied():
    model = nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)),
        nn.Conv2d(1, 1, 1),
        nn.Conv2d(1, 1, 1),
        nn.Flatten(),
        nn.Linear(64, 3),
    )
    model[2].weight = model[1].weight
    return model


def frozen():
    model = shipped()
    model[1].weight.requires_grad_(False)
    return model


def hooked():
    model = shipped()
    model[3].register_forward_hook(lambda *_: None)
    return model


class _Own(nn.Conv2d):
    """Somebody's own, which may do more than it says."""


OTHERS = {
    "same": lambda: changed(3, nn.Conv2d(16, 32, 3, padding="same")),
    "strided": lambda: nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)),
        nn.Conv2d(1, 2, 3, stride=2),
        nn.Flatten(),
        nn.Linear(18, 3),
    ),
    "grouped": lambda: changed(3, nn.Conv2d(16, 32, 3, padding=1, groups=2)),
    "dilated": lambda: changed(3, nn.Conv2d(16, 32, 3, padding=2, dilation=2)),
    "mirrored": lambda: changed(3, nn.Conv2d(16, 32, 3, padding=1, padding_mode="reflect")),
    "no-bias": lambda: changed(3, nn.Conv2d(16, 32, 3, padding=1, bias=False)),
    "own": lambda: changed(3, _Own(16, 32, 3, padding=1)),
    "overlapping": lambda: changed(5, nn.MaxPool2d(3, stride=2, padding=1)),
    "divided": lambda: changed(5, nn.AvgPool2d(2, divisor_override=3)),
    "tanh": lambda: changed(4, nn.Tanh()),
    "statistics": lambda: changed(4, nn.BatchNorm2d(32)),
    "float64": lambda: shipped().double(),
    "tied": tied,
    "frozen": frozen,
    "hooked": hooked,
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_plain_network_is_trained_otherwise(name):
    torch.manual_seed(0)
    model = OTHERS[name]()
    assert not convolutional_stages(model)
    assert cohort_kind(model, Training()) == "alone"
    (part,) = parts_of([4], 64)
    assert model.train()(
        torch.from_numpy(part.features).to(next(model.parameters()).dtype)
    ).shape == (4, 3)
    found = train_cohort(model, [part], Training(local_epochs=1), orders([0]))
    for key, one in lone(model, part, Training(local_epochs=1), 0).items():
        assert found[key][0].tobytes() == one.tobytes()


def test_nothing_is_made_of_no_layer():
    assert convolutional_stages(nn.Sequential()) == []
    assert convolutional_stages(nn.Sequential(nn.Unflatten(1, (1, 4, 4)))) == []
